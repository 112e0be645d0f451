//===- Passes.td - passes of Dialect/ONNX/Transforms ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_TRANSFORMS_PASSES_TD
#define QOPT_DIALECT_ONNX_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def ONNXInferShapesPass : Pass<"onnx-infer-shapes", "mlir::ModuleOp"> {
  let summary = "Write inferred shapes into types, known integers into constants";
  let description = [{
    Runs the symbolic shape analysis on every function. Result types, argument types
    and the function type get every dim that is constant; an integer tensor whose
    elements are all constant becomes an `onnx.Constant`, so that shape arithmetic
    on static dims disappears; a Reshape, Expand, Slice, Tile or Flatten whose result
    provably has the shape of its operand is dropped, and the target of a Reshape
    becomes a constant if 0 (copy the dim) and one -1 can express it. The result attribute `onnx.dims` is rewritten where
    the analysis knows the dim in terms of the inputs: what a model file declares
    for its outputs is a hint.

    Contradictions between shapes are errors at the node; so is a tensor whose rank
    cannot be found, as nothing below can handle it.
  }];
  let options = [
    Option<"allowUnranked", "allow-unranked", "bool", "false",
           "Leave tensors of unknown rank as they are instead of failing">
  ];
  let statistics = [
    Statistic<"numRefined", "refined", "Result types made more precise">,
    Statistic<"numConstants", "constants", "Values replaced by constants">,
    Statistic<"numInlined", "inlined", "Ifs replaced by the graph that their condition chooses">,
    Statistic<"numTargets", "targets", "Targets of Reshape made constant with 0 and -1">,
    Statistic<"numNoOps", "no-ops", "Ops that move nothing, replaced by their operand">
  ];
}

def ONNXAssumeLengthsPass : Pass<"onnx-assume-lengths", "mlir::ModuleOp"> {
  let summary = "Fix the length of an input where ranks hang on it";
  let description = [{
    Does nothing to a function in which every rank is known. Else the lengths 0 to 8 are
    tried for each input that is a list of integers of unknown length, such as the `size`
    of an AffineGrid, then for all of them together: with each length a copy of the
    function goes through shape inference and folding. Where just one length leaves no rank open and contradicts
    nothing that the model declares, the input gets it, with a warning; a run with
    another length is refused as any input of a wrong shape is.
  }];
  let statistics = [
    Statistic<"numAssumed", "assumed", "Inputs whose length was fixed">
  ];
}

def ONNXPrintShapesPass : Pass<"onnx-print-shapes", "mlir::ModuleOp"> {
  let summary = "Report the symbolic shape of every result as a remark";
  let description = [{
    For debugging and for tests of the shape analysis: one remark per tensor result,
    `shape [batch, seq + 1]`, with ` = [..]` behind it where the elements of a small
    integer tensor are known to be more than themselves.
  }];
}

def ONNXFoldConstantsPass : Pass<"onnx-fold-constants", "mlir::ModuleOp"> {
  let summary = "Evaluate ops whose operands are all constants";
  let description = [{
    Float ops are evaluated in double precision and rounded once to the element type.
    A result larger than `max-result-bytes` is not computed, unless it is one value
    repeated or a weight on its way into a matrix product (Transpose, Cast): there,
    only `max-total-bytes` counts. Random numbers are left alone, and quantization too
    but for the DequantizeLinear of a weight.
    Run `onnx-infer-shapes` first: only ops of static result shape are considered.
  }];
  let options = [
    Option<"maxResultBytes", "max-result-bytes", "int64_t", "64 << 20",
           "Size above which a result is not folded">,
    Option<"maxTotalBytes", "max-total-bytes", "int64_t", "1 << 30",
           "Sum of sizes of all folded results">
  ];
  let statistics = [
    Statistic<"numFolded", "folded", "Ops replaced by constants">,
    Statistic<"numTooLarge", "too-large", "Ops left because of the budget">
  ];
}

def ONNXDecomposePass : Pass<"onnx-decompose", "mlir::ModuleOp"> {
  let summary = "Write composite ops as basic ones";
  let description = [{
    Operators that are abbreviations (losses, normalizations over given axes, ...) become
    what ONNX defines them by, so that no later pass has to know them. What quantization
    or code generation treats as a unit (LayerNormalization, Softmax, Attention) stays.
    New results have no rank until `onnx-infer-shapes` runs again.
  }];
}

def ONNXExpandAttentionPass : Pass<"onnx-expand-attention", "mlir::ModuleOp"> {
  let summary = "Write Attention and RotaryEmbedding as basic ops";
  let description = [{
    Runs after everything that wants to see attention as one op, just before the
    conversion to linalg. Masks become one condition and one `Where`; queries that share
    a key are rows of one product, so that keys and values are never repeated; half types
    are computed in f32. New results have no rank until `onnx-infer-shapes` runs again.

    With `kernels` an Attention that one kernel can compute becomes an
    `onnx.FlashAttention`, which the conversion to linalg hands to it.
  }];
  let options = [
    Option<"kernels", "kernels", "bool", /*default=*/"false",
           "One op for each attention that has a kernel">
  ];
  let statistics = [
    Statistic<"numAttention", "attentions", "Attention ops expanded">,
    Statistic<"numKernels", "kernels", "Attention ops that become a kernel">,
    Statistic<"numRotary", "rotaries", "RotaryEmbedding ops expanded">
  ];
}

def ONNXLiftPatternsPass : Pass<"onnx-lift-patterns", "mlir::ModuleOp"> {
  let summary = "Replace decomposed ops by the op that ONNX has for them";
  let description = [{
    Exporters write LayerNormalization, RMSNormalization, Gelu, Swish, RotaryEmbedding
    and Attention as several ops, always in older opsets and often in newer ones. The
    passes that quantize and fuse want to see one op. A pattern matches only with its
    exact constants, and where the shape analysis proves that dims agree; values used
    elsewhere stay. `docs/lifting.md` lists the forms.

    The module attribute `onnx.lifted` tells how many ops of which kind came out.
  }];
  let options = [
    Option<"layerNorm", "layer-norm", "bool", "true", "Lift LayerNormalization">,
    Option<"rmsNorm", "rms-norm", "bool", "true", "Lift RMSNormalization">,
    Option<"gelu", "gelu", "bool", "true", "Lift Gelu, both forms">,
    Option<"swish", "swish", "bool", "true", "Lift x * Sigmoid(a * x) to Swish">,
    Option<"rotary", "rotary", "bool", "true", "Lift RotaryEmbedding, both pair layouts">,
    Option<"attention", "attention", "bool", "true",
           "Lift scaled dot product attention with its masks">
  ];
  let statistics = [
    Statistic<"numLayerNorm", "layer-norms", "LayerNormalization ops found">,
    Statistic<"numRMSNorm", "rms-norms", "RMSNormalization ops found">,
    Statistic<"numGelu", "gelus", "Gelu ops found">,
    Statistic<"numSwish", "swishes", "Swish ops found">,
    Statistic<"numRotary", "rotary-embeddings", "RotaryEmbedding ops found">,
    Statistic<"numAttention", "attentions", "Attention ops found">
  ];
}

#endif // QOPT_DIALECT_ONNX_TRANSFORMS_PASSES_TD
