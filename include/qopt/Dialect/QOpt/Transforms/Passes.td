//===- Passes.td - passes of Dialect/QOpt/Transforms ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Order in a pipeline: qopt-plan, (qopt-smooth), qopt-select, (qopt-print-plan),
// qopt-quantize, qopt-float-weights. qopt-observe belongs to the calibration build, which stays
// float.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_PASSES_TD
#define QOPT_DIALECT_QOPT_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def PlanPass : Pass<"qopt-plan", "mlir::ModuleOp"> {
  let summary = "Decide for every contraction how it is quantized, or why not";
  let description = [{
    Gives every operation with `ContractionOpInterface` either `qopt.scheme` (and
    `qopt.outliers`, a static list of outlier columns) or `qopt.keep`, the reason
    why it stays in float. Later passes only carry this out.

    A contraction can be quantized when its weight is a finite f32 constant of
    rank 2, its activation has a known last dimension, is not read transposed, and
    K cannot overflow the i32 sum. One that is the last projection (its result
    reaches a model output and meets no norm, residual or other contraction on any
    way) stays float unless a rule asks for it.

    `scheme` and the right side of `quantize` rules are texts of SchemeSpec.h, as
    `llm-int8{mode=static cap=16}`; a bare name that is also that of `scheme`
    means `scheme` with its options. `qopt.recipe` keeps the text; qopt-select
    reads in it what is to be made of statistics. `has-statistics` says that there
    will be some: `llm-int8` then takes static lists of outliers.

    Further attributes: `qopt.note`, a remark on a layer with a scheme;
    `qopt.weights`, the type that a rule asks for in which a kept weight is stored.
  }];
  let options = [
    Option<"scheme", "scheme", "std::string", /*default=*/"\"w8a8\"",
           "Scheme of layers without a rule: fp32, w8a8, llm-int8, w8a16, each with options in braces">,
    Option<"hasStatistics", "has-statistics", "bool", /*default=*/"false",
           "qopt-select will have statistics">,
    Option<"planFile", "plan-file", "std::string", /*default=*/"\"\"",
           "An edited plan, as qopt-write-plan writes it: it decides about the layers that it names, if no rule does">,
    Option<"force", "force", "bool", /*default=*/"false",
           "Take a plan file that was written for another model">,
    Option<"allowNonfinite", "allow-nonfinite", "bool", /*default=*/"false",
           "Keep a layer with NaN or Inf in its weight in float, instead of failing">,
    ListOption<"rules", "rules", "std::string",
           "keep:REGEX[=f32|f16] or quantize:REGEX=SCHEME; the last match decides">,
    ListOption<"quantize", "quantize", "std::string",
           "REGEX=SCHEME: as rules, after them">,
    ListOption<"keep", "keep", "std::string",
           "REGEX[=f32|f16]: as rules, after `quantize`">];
  let statistics = [
    Statistic<"numQuantized", "quantized", "Contractions that get a scheme">,
    Statistic<"numKept", "kept", "Contractions that stay float">];
  let dependentDialects = ["::mlir::qopt::QOptDialect"];
}

def SelectPass : Pass<"qopt-select", "mlir::ModuleOp"> {
  let summary = "Choose from statistics what the schemes of the plan leave open";
  let description = [{
    Runs behind qopt-plan and qopt-smooth, and reads statistics as smoothing has
    changed them (`qopt.smoothed`).

    Schemes with a static list of outlier columns get `qopt.outliers`: the columns
    with `|x| >= threshold` in at least one and in at least the share `frequency`
    of the tokens, at most min(cap, K/8) of them by absmax (thresholds, shares and
    caps come from `qopt.recipe`). With `threshold=auto` columns are taken in
    descending order of absmax while each adds 0.1 dB to the ratio of signal to noise
    of the products on the sample rows. An empty list is no split, a list of all
    columns leaves the layer in float.

    Schemes with static activations get `qopt.activation_scale`, and with a zero
    point `qopt.activation_zero_point`, for the range of the columns that are not in
    the list, by the observer of the recipe. Extremes are exact, other ranges those of
    the sample rows.

    With `bias-correction` layers get `qopt.bias_correction`: for each output channel
    the mean of the float result less that of the quantized one, on the sample rows.

    What a layer has already (an edited plan) stays.

    On the module, `qopt.calibration` says which data decided.
  }];
  let options = [
    Option<"statistics", "statistics", "std::string", /*default=*/"",
           "Statistics file of a calibration of this model">,
    Option<"biasCorrection", "bias-correction", "bool", /*default=*/"false",
           "Give back by the bias what quantization takes from the means">];
  let statistics = [
    Statistic<"numOutlierColumns", "outlier-columns", "Columns in static lists">];
  let dependentDialects = ["::mlir::qopt::QOptDialect"];
}

def SmoothPass : Pass<"qopt-smooth", "mlir::ModuleOp"> {
  let summary = "Move the range of large activation columns into the weights (SmoothQuant)";
  let description = [{
    Column k of an activation is divided by `s[k] = ax[k]^alpha / wx[k]^(1 - alpha)`
    and row k of every weight that meets it multiplied by it (arXiv 2211.10438);
    `ax` is the absmax of the column in the statistics, `wx` that of the weight rows,
    at least 1e-5. A column that is always 0 keeps s = 1. The function that the model
    computes stays the same.

    The division is folded into the operation in front that can take it
    (`ScaleAbsorbingOpInterface`) when everything that reads it, through operations
    that let factors pass (`ScalePassingOpInterface`), is a product with a constant
    weight; all of them share one s. Channels are followed through heads, groups of
    queries and the parts of fused projections. Else it becomes `qopt.smooth`, an
    attribute of the readers with s, which `qopt-quantize` applies to codes and
    weights: the factors cost nothing there. Constants that others read are copied.

    `alpha=auto` finds alpha for each group of readers on the sample rows of the
    statistics: 0 to 1 in steps of 0.1, then 0.05 around the best, and no smoothing at
    all, by the mean squared error of the quantized products as the plan has them.
    `qopt.alpha` on a reader (a number, "auto" or "off") overrides the option; where
    one reader is off, nothing is folded for the others. Afterwards it holds what was
    used.

    Layers with a plan are smoothed when one of the readers is to be quantized,
    without a plan all that can be quantized. `qopt.smoothed` on every reader is s,
    wherever it went, for those who read statistics later. `qopt.note` says where the
    factors went, and why not into the operation in front; the module attribute
    `qopt.smoothing` which alpha and data they come from. Statistics describe the
    model before this pass, so that it runs once, and behind qopt-plan.
  }];
  let options = [
    Option<"statistics", "statistics", "std::string", /*default=*/"",
           "Statistics file of a calibration of this model">,
    Option<"alpha", "alpha", "std::string", /*default=*/"\"auto\"",
           "How much of the range moves into the weights: 0 to 1, auto or off">];
  let statistics = [
    Statistic<"numFolded", "folded", "Scales folded into an operation in front">,
    Statistic<"numInKernel", "in-kernel", "Activations with factors in the quantize step">];
  let dependentDialects = ["::mlir::qopt::QOptDialect", "::mlir::onnx::ONNXDialect"];
}

def PrintPlanPass : Pass<"qopt-print-plan", "mlir::ModuleOp"> {
  let summary = "Print the plan as a table on stdout";
  let options = [
    Option<"floatWeights", "float-weights", "std::string", /*default=*/"\"f16\"",
           "Type in which weights of float layers are stored: f16 or f32">];
}

def WritePlanPass : Pass<"qopt-write-plan", "mlir::ModuleOp"> {
  let summary = "Print the plan on stdout, as a file that can be edited and read back";
  let options = [
    Option<"floatWeights", "float-weights", "std::string", /*default=*/"\"f16\"",
           "Type in which weights of float layers are stored: f16 or f32">];
}

def QuantizePass : Pass<"qopt-quantize", "mlir::ModuleOp"> {
  let summary = "Carry the plan out: quantize weights and rewrite contractions";
  let description = [{
    A contraction with `qopt.scheme` becomes `qopt.dynamic_quantize` of its
    activation, after a `qopt.outlier_split` where the scheme has outliers, and a
    `qopt.quantized_matmul`. Both are shared by all readers of the activation that
    agree about the outliers. Weights are quantized per output channel: scale =
    absmax / 127, code = rne(clamp(w * (127 / absmax), -127, 127)); a channel with
    absmax < 127 * FLT_MIN has scale 1 and codes 0. They are stored [K, N].

    Static outliers: the rows of the weight that they meet are no part of the codes
    or of absmax, and are kept in half precision (f32 if a value overflows f16).
    Dynamic outliers: the codes cover all rows, and the whole weight is kept in half
    precision beside them.

    `qopt.smooth` (s per row of the weight): the weight rows are multiplied by s
    before they become codes, the activation columns divided by it inside
    `qopt.dynamic_quantize`. Outlier columns and their weights stay as they are.

    The data of original weights without further use is freed.
  }];
  let statistics = [
    Statistic<"numQuantized", "quantized", "Contractions rewritten">,
    Statistic<"numSplits", "splits", "Activations split">,
    Statistic<"numZeroChannels", "zero-channels", "All-zero weight channels">];
  let dependentDialects = ["::mlir::qopt::QOptDialect"];
}

def FloatWeightsPass : Pass<"qopt-float-weights", "mlir::ModuleOp"> {
  let summary = "Store large float constants in half precision";
  let description = [{
    An f32 constant of at least 65,536 elements that only contractions (as weight)
    and Gather (as data) read is stored as f16, with an `onnx.Cast` to f32 behind
    the constant, or behind the Gather, so that only rows that are read are
    converted. A constant with a finite value that overflows f16 stays f32; a remark
    counts them. `qopt.weights` (a type) on a contraction overrules `type`.
  }];
  let options = [
    Option<"type", "type", "std::string", /*default=*/"\"f16\"", "f16 or f32">];
  let statistics = [
    Statistic<"numNarrowed", "narrowed", "Constants stored in f16">,
    Statistic<"numOverflowing", "overflowing", "Constants that do not fit f16">];
  let dependentDialects = ["::mlir::onnx::ONNXDialect"];
}

def FloatProductsPass : Pass<"qopt-float-products", "mlir::ModuleOp"> {
  let summary = "Let products that stay float be computed in bfloat16";
  let description = [{
    Marks MatMul and Gemm with a constant weight [K, N] by `qopt.products = bf16`:
    both operands are then rounded to bfloat16 (to nearest, ties to even), the sum is
    f32, and the weight is stored in bfloat16. A weight that anything else reads is
    left alone, as it would be stored twice, and so is one with K no multiple of 32,
    which is what a step of AMX tiles takes, and one whose layer has `qopt.weights`.
  }];
  let options = [Option<"type", "type", "std::string", /*default=*/"\"bf16\"", "f32, which marks nothing, or bf16">];
  let statistics = [Statistic<"numMarked", "marked", "Products that are marked">];
  let dependentDialects = ["::mlir::onnx::ONNXDialect"];
}

def AttentionProductsPass : Pass<"qopt-attention-products", "mlir::ModuleOp"> {
  let summary = "Choose the type of the products of attention";
  let description = [{
    Notes the type on every `onnx.Attention` in f32 or less, for targets that multiply
    fewer bits faster. `bf16` (AMX): queries, keys, probabilities and values are rounded to it, sums
    are f32. `bf16x2`: each of them is the sum of two bf16, and a product three of theirs,
    which is within 2^-16 of its magnitude. `int8`: on targets with VNNI, products of
    bytes with a scale per token (values: per column of a head); on AMX, as `bf16`.
    Elsewhere, and with `float`, all is f32.
  }];
  let options = [
    Option<"type", "type", "std::string", /*default=*/"\"bf16\"", "float, bf16x2, bf16 or int8">];
  let statistics = [
    Statistic<"numAttention", "attentions", "Attention ops whose products are not of f32">];
}

def ObservePass : Pass<"qopt-observe", "mlir::ModuleOp"> {
  let summary = "Insert taps on the activations of contractions that can be quantized";
  let description = [{
    One `qopt.observe` per distinct activation, named after the first node that
    reads it. The module attribute `qopt.taps` lists the names in the order of
    their numbers.
  }];
  let statistics = [Statistic<"numTaps", "taps", "Taps inserted">];
  let dependentDialects = ["::mlir::qopt::QOptDialect"];
}

def LayerTapsPass : Pass<"qopt-layer-taps", "mlir::ModuleOp"> {
  let summary = "Insert taps on the outputs of contractions";
  let description = [{
    One `qopt.observe` per contraction with f32 rows as result, named after its node,
    so that a float and a quantized library of one model can be compared layer by
    layer. Runs in front of qopt-quantize. Factors of smoothing on the columns of an
    output (`qopt.output_scale`) are taken back for the observer.
  }];
  let statistics = [Statistic<"numTaps", "taps", "Taps inserted">];
  let dependentDialects = ["::mlir::qopt::QOptDialect", "::mlir::onnx::ONNXDialect"];
}

def InplaceCachesPass : Pass<"qopt-inplace-caches", "mlir::ModuleOp"> {
  let summary = "Mark the key and value caches of @main for update in place";
  let description = [{
    Finds the arguments and results of `@main` that are past and present of one
    cache by their names, checks that the present is `Concat(past, new rows)` and
    that nothing else reads what is in the past, notes both as one buffer
    (`qopt.cache` on the argument and on the result), and adds the argument
    `past_length`, one i64 with `qopt.cache_length`. A result that is its past
    unchanged is dropped. What cannot be done in place is an error at the node.

    The graph keeps its meaning; `convert-onnx-to-linalg` makes the notes true.
    Nothing that adds or removes arguments or results may run in between.

    ```mlir
    func.func @main(%p: tensor<1x4x?x8xf32> {onnx.name = "past_key_values.0.key"}, ...)
        -> (tensor<1x4x?x8xf32> {onnx.name = "present.0.key"}) {
      %c = onnx.Concat %p, %k {axis = 2}
    // becomes
    func.func @main(%p: tensor<1x4x?x8xf32> {onnx.name = "past_key_values.0.key", qopt.cache = 2 : i64}, ...,
                    %n: tensor<1xi64> {onnx.name = "past_length", qopt.cache_length})
        -> (tensor<1x4x?x8xf32> {onnx.name = "present.0.key", qopt.cache = 0 : i64}) {
    ```
  }];
  let statistics = [Statistic<"numCaches", "caches", "Caches updated in place">,
                    Statistic<"numDropped", "dropped", "Results that were their past">];
}

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_PASSES_TD
