//===- QOptGraphOps.td - quantization on the graph, value semantics -*- tablegen -*- ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_QOPT_IR_QOPTGRAPHOPS_TD
#define QOPT_DIALECT_QOPT_IR_QOPTGRAPHOPS_TD

def QOpt_QuantizeOp : QOpt_Op<"quantize", [Pure, AttrSizedOperandSegments]> {
  let summary = "float values to 8-bit codes with a given scale";
  let description = [{
    Symmetric: `q = convert(rne(clamp(x * (1 / scale), -127, 127)))`, signed. With
    a zero point z in [0, 255], as ONNX QuantizeLinear divides:
    `q = convert(rne(clamp(x / scale, -z, 255 - z))) + z`, unsigned. All of it in
    f32. With `factors`, one per column, it is done on `x[t,k] * factors[k]`:
    smoothing that no operation in front could take. A row with a value that is
    not finite makes a NaN row of the product that reads the codes.

    The scale has one element (`tensor`), or one per element of the last axis
    (`channel`), or the shape of x without its last axis (`token`).

    Constraints: (C1) the codes have the shape of x; (C2) the rank of the scale is
    0 for tensor, 1 for channel, rank(x) - 1 for token; (C3) the codes are ui8
    with a zero point, else i8; it has rank 0, and the scale is one per tensor;
    (C4) the factors are [K], and the scale is one per tensor.

    ```mlir
    %q = qopt.quantize %x, %scale granularity <channel> : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xi8>
    %u = qopt.quantize %x, %s zero_point(%z : tensor<i32>) factors(%f : tensor<64xf32>) granularity <tensor> : tensor<?x64xf32>, tensor<f32> -> tensor<?x64xui8>
    ```
  }];
  let arguments = (ins TensorOf<[F32]>:$input, TensorOf<[F32]>:$scale, Optional<TensorOf<[I32]>>:$zero_point,
                       Optional<TensorOf<[F32]>>:$factors, QOpt_GranularityAttr:$granularity);
  let results = (outs QOpt_Codes:$codes);
  let assemblyFormat = [{
    $input `,` $scale (`zero_point` `(` $zero_point^ `:` type($zero_point) `)`)?
    (`factors` `(` $factors^ `:` type($factors) `)`)? `granularity` $granularity attr-dict
    `:` type($input) `,` type($scale) `->` type($codes)
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$codes, "::mlir::Value":$input, "::mlir::Value":$scale,
      "::mlir::qopt::Granularity":$granularity), [{
    build($_builder, $_state, codes, input, scale, /*zero_point=*/::mlir::Value(), /*factors=*/::mlir::Value(),
          granularity);
  }]>];
  let hasVerifier = 1;
}

def QOpt_DequantizeOp : QOpt_Op<"dequantize", [Pure]> {
  let summary = "signed 8-bit codes to float values";
  let description = [{
    `y = scale * float(q)`; granularity and constraints (C1), (C2) as in
    `qopt.quantize`.
  }];
  let arguments = (ins TensorOf<[I8]>:$codes, TensorOf<[F32]>:$scale, QOpt_GranularityAttr:$granularity);
  let results = (outs TensorOf<[F32]>:$output);
  let assemblyFormat = "$codes `,` $scale `granularity` $granularity attr-dict `:` type($codes) `,` type($scale) `->` type($output)";
  let hasVerifier = 1;
}

def QOpt_DynamicQuantizeOp : QOpt_Op<"dynamic_quantize", [Pure]> {
  let summary = "quantize with scales found in the same pass";
  let description = [{
    One scale for each row (all axes but the last; `token`, the default), or one
    for all rows of the call (`tensor`). Below, max and min go over the elements
    that share a scale.

    Symmetric: `a = max |x|`, `scale = a / 127`,
    `q = convert(rne(clamp(x * (127 / a), -127, 127)))`, signed. `a < 127 * FLT_MIN`
    gives scale 1 and codes 0.

    With the result `zero_point`, unsigned, by the rule of ONNX
    DynamicQuantizeLinear: `lo = min(0, min x)`, `hi = max(0, max x)`,
    `scale = (hi - lo) / 255`, `z = clamp(rne(-lo / scale), 0, 255)`,
    `q = convert(rne(clamp(x / scale, -z, 255 - z))) + z`. Zero is always exact. `hi - lo < 255 * FLT_MIN` gives scale 1, zero point 0, codes 0.

    A value that is not finite makes the scale NaN, so that it stays visible in
    the result. With `factors`, one per column, all this is done on
    `x[t,k] * factors[k]`: smoothing that no operation in front could take. The
    weights that meet the codes are divided by them.

    Constraints: (C1) the codes have the shape of x; (C2) the scale has the shape
    of x without its last axis, or with tensor rank 0; (C3) the factors are [K];
    (C4) the codes are ui8 with a zero point, else i8, and it has the shape of the
    scale; (C5) the granularity is token or tensor.

    ```mlir
    %q, %s = qopt.dynamic_quantize %x : tensor<?x?x64xf32> -> tensor<?x?x64xi8>, tensor<?x?xf32>
    %u, %t, %z = qopt.dynamic_quantize %x granularity <tensor> : tensor<?x64xf32> -> tensor<?x64xui8>, tensor<f32>, tensor<i32>
    ```
  }];
  let arguments = (ins TensorOf<[F32]>:$input, Optional<TensorOf<[F32]>>:$factors,
                       DefaultValuedAttr<QOpt_GranularityAttr, "::mlir::qopt::Granularity::Token">:$granularity);
  let results = (outs QOpt_Codes:$codes, TensorOf<[F32]>:$scale, Optional<TensorOf<[I32]>>:$zero_point);
  let assemblyFormat = [{
    $input (`factors` `(` $factors^ `:` type($factors) `)`)? (`granularity` $granularity^)? attr-dict
    `:` type($input) `->` type($codes) `,` type($scale) (`,` type($zero_point)^)?
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$codes, "::mlir::Type":$scale, "::mlir::Value":$input,
      "::mlir::Value":$factors), [{
    build($_builder, $_state, codes, scale, /*zero_point=*/::mlir::Type(), input, factors, Granularity::Token);
  }]>];
  let hasVerifier = 1;
}

def QOpt_OutlierSplitOp : QOpt_Op<"outlier_split", [Pure]> {
  let summary = "separate the outliers of an activation";
  let description = [{
    `body` has the shape of the input with zeros for the outliers; `tail` holds the
    outlier columns, in ascending order; `columns` are their indices.

    - `static`: the list is the attribute `outliers` (ascending, non-negative), and
      `columns` is constant. `guarded`: the same, and rows with a value of
      magnitude >= `threshold` outside of the list are counted.
    - `dynamic`: every column with `|x| >= threshold` in any row of this call
      (arXiv 2208.07339, section 3.2); their number is known at run time only.
      `keep_small`: small elements of these columns count for the scales of a
      quantize step that reads the body, as in bitsandbytes.
    - `dynamic_row`: each row has its own outliers, the elements with
      `|x| >= threshold`. The columns are those of all rows together; `tail` is 0
      where a row has no outlier in one of them. What becomes of a row does not
      depend on the others.

    With `factors`, one per column, `x * factors` is compared with the threshold.

    Constraints: (C1) body has the type of the input; (C2) static, guarded:
    `outliers` is strictly ascending, within [0, K), and its length is the last
    dimension of tail and the dimension of columns; (C3) all modes but static have
    a positive `threshold`, and the dynamic ones no `outliers`; (C4) factors [K]
    are for the dynamic modes; (C5) `keep_small` is for dynamic.

    ```mlir
    %b, %t, %c = qopt.outlier_split %x mode <static> outliers [5, 22] : tensor<?x64xf32> -> tensor<?x64xf32>, tensor<?x2xf32>, tensor<2xi32>
    ```
  }];
  let arguments = (ins TensorOf<[F32]>:$input, Optional<TensorOf<[F32]>>:$factors, QOpt_OutlierModeAttr:$mode,
                       OptionalAttr<DenseI64ArrayAttr>:$outliers, OptionalAttr<F32Attr>:$threshold,
                       UnitAttr:$keep_small);
  let results = (outs TensorOf<[F32]>:$body, TensorOf<[F32]>:$tail, TensorOf<[I32]>:$columns);
  let assemblyFormat = [{
    $input (`factors` `(` $factors^ `:` type($factors) `)`)? `mode` $mode (`outliers` $outliers^)?
    (`threshold` $threshold^)? attr-dict
    `:` type($input) `->` type($body) `,` type($tail) `,` type($columns)
  }];
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$results, "::mlir::Value":$input,
      "::mlir::qopt::OutlierMode":$mode, "::mlir::DenseI64ArrayAttr":$outliers, "::mlir::FloatAttr":$threshold), [{
    build($_builder, $_state, results, input, /*factors=*/::mlir::Value(), mode, outliers, threshold,
          /*keep_small=*/false);
  }]>];
  let hasVerifier = 1;
}

def QOpt_QuantizedMatmulOp : QOpt_Op<"quantized_matmul", [Pure, AttrSizedOperandSegments]> {
  let summary = "matrix product of codes, with an optional float tail for outlier columns";
  let description = [{
    ```
    y[..., n] = sum_g float(sum_{k in g} (q[..., k] - z[...]) * w[k, n]) * scale[...] * ws[g, n]
                + sum_j tail[..., j] * tail_row(j)[n] + bias[n]
    ```
    Integer sums are exact in i32. The weight scale `ws` has rank 0 or is [N]: then
    there is one group g of all K rows; or, with `group_size` g, it is
    [ceil(K / g), N], and the last group may be short. `z` is 0 without a zero
    point. With `tail_weight`, `tail_row(j)` is its row j, or with `columns` its
    row `columns[j]`; without it, the row `columns[j]` of what the codes of the
    weight stand for, ws * w.

    Constraints: (C1) the weight is [K, N], its scale rank 0, [N] or
    [ceil(K / group_size), N], the bias [N], the scale of the codes has rank 0 or
    their shape without the last axis; (C2) no sum over a group can overflow: K, or
    group_size, is at most 133,144 for signed and 66,311 for unsigned codes;
    (C3) tail [..., J] comes with tail_weight [J, N], or with columns and optional
    tail_weight [K, N]; (C4) the codes are ui8 with a zero point, else i8, and it
    has rank 0 or the shape of the codes without the last axis; (C5) group_size is
    a positive multiple of 4.
  }];
  let arguments = (ins QOpt_Codes:$codes, TensorOf<[F32]>:$scale, TensorOf<[I8]>:$weight, TensorOf<[F32]>:$weight_scale,
                       Optional<TensorOf<[I32]>>:$zero_point,
                       Optional<TensorOf<[F32]>>:$tail, Optional<QOpt_Float>:$tail_weight,
                       Optional<TensorOf<[I32]>>:$columns, Optional<TensorOf<[F32]>>:$bias,
                       OptionalAttr<I64Attr>:$group_size);
  let results = (outs TensorOf<[F32]>:$output);
  let assemblyFormat = [{
    $codes `,` $scale `,` $weight `,` $weight_scale (`group` $group_size^)?
    (`zero_point` `(` $zero_point^ `:` type($zero_point) `)`)?
    (`tail` `(` $tail^ `:` type($tail) `)`)? (`tail_weight` `(` $tail_weight^ `:` type($tail_weight) `)`)?
    (`columns` `(` $columns^ `:` type($columns) `)`)? (`bias` `(` $bias^ `:` type($bias) `)`)? attr-dict
    `:` type($codes) `,` type($scale) `,` type($weight) `,` type($weight_scale) `->` type($output)
  }];
  let extraClassDeclaration = [{
    /// Rows of K that share a scale of the weight: all of them without groups.
    int64_t getGroupRows();
    /// Constraint C3.
    ::llvm::LogicalResult verifyTail();
  }];
  let hasVerifier = 1;
}

def QOpt_WeightOnlyMatmulOp : QOpt_Op<"weight_only_matmul", [Pure]> {
  let summary = "matrix product of float values with 8-bit weights";
  let description = [{
    `y[..., n] = sum_k x[..., k] * (float(w[k, n]) * ws[g(k), n]) + bias[n]` in f32;
    the weight scale as in `qopt.quantized_matmul`. The codes are widened in
    registers: only one byte per weight is read.

    Constraints: (C1) the weight is [K, N], its scale rank 0, [N] or
    [ceil(K / group_size), N], the bias [N], x is [..., K]; (C2) group_size is a
    positive multiple of 4.

    ```mlir
    %y = qopt.weight_only_matmul %x, %w, %s group 32 : tensor<?x64xf32>, tensor<64x8xi8>, tensor<2x8xf32> -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins TensorOf<[F32]>:$input, TensorOf<[I8]>:$weight, TensorOf<[F32]>:$weight_scale,
                       Optional<TensorOf<[F32]>>:$bias, OptionalAttr<I64Attr>:$group_size);
  let results = (outs TensorOf<[F32]>:$output);
  let assemblyFormat = [{
    $input `,` $weight `,` $weight_scale (`group` $group_size^)? (`bias` `(` $bias^ `:` type($bias) `)`)? attr-dict
    `:` type($input) `,` type($weight) `,` type($weight_scale) `->` type($output)
  }];
  let hasVerifier = 1;
}

def QOpt_ObserveOp : QOpt_Op<"observe", [MemoryEffects<[MemWrite]>]> {
  let summary = "show an activation to the calibration";
  let description = [{
    Hands the rows of a float tensor or memref [..., K] to the runtime's observer
    under the number `tap`; `name` is the node whose input this is. Present only
    in libraries compiled for calibration.
  }];
  let arguments = (ins AnyTypeOf<[TensorOf<[F32]>, MemRefOf<[F32]>]>:$input, I32Attr:$tap, StrAttr:$name);
  let assemblyFormat = "$input `tap` $tap $name attr-dict `:` type($input)";
}

#endif // QOPT_DIALECT_QOPT_IR_QOPTGRAPHOPS_TD
