//===- QOptGraphOps.td - quantization on the graph, value semantics -*- tablegen -*- ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_QOPT_IR_QOPTGRAPHOPS_TD
#define QOPT_DIALECT_QOPT_IR_QOPTGRAPHOPS_TD

def QOpt_QuantizeOp : QOpt_Op<"quantize", [Pure]> {
  let summary = "float values to signed 8-bit codes with given scales";
  let description = [{
    `q = convert(rne(clamp(x / scale, -127, 127)))`, with x / scale computed as
    x * (1 / scale). The scale has one element (`tensor`), or one per element of
    the last axis (`channel`), or the shape of x without its last axis (`token`).

    Constraints: (C1) the codes have the shape of x; (C2) the rank of the scale is
    0 for tensor, 1 for channel, rank(x) - 1 for token.

    ```mlir
    %q = qopt.quantize %x, %scale granularity <channel> : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xi8>
    ```
  }];
  let arguments = (ins TensorOf<[F32]>:$input, TensorOf<[F32]>:$scale, QOpt_GranularityAttr:$granularity);
  let results = (outs QOpt_Codes:$codes);
  let assemblyFormat = "$input `,` $scale `granularity` $granularity attr-dict `:` type($input) `,` type($scale) `->` type($codes)";
  let hasVerifier = 1;
}

def QOpt_DequantizeOp : QOpt_Op<"dequantize", [Pure]> {
  let summary = "signed 8-bit codes to float values";
  let description = [{
    `y = scale * float(q)`; granularity and constraints as in `qopt.quantize`.
  }];
  let arguments = (ins QOpt_Codes:$codes, TensorOf<[F32]>:$scale, QOpt_GranularityAttr:$granularity);
  let results = (outs TensorOf<[F32]>:$output);
  let assemblyFormat = "$codes `,` $scale `granularity` $granularity attr-dict `:` type($codes) `,` type($scale) `->` type($output)";
  let hasVerifier = 1;
}

def QOpt_DynamicQuantizeOp : QOpt_Op<"dynamic_quantize", [Pure]> {
  let summary = "quantize with a scale per token found in the same pass";
  let description = [{
    For each row t (all axes but the last): `a = max_k |x[t,k]|`,
    `scale[t] = a / 127`, `q[t,k] = convert(rne(clamp(x[t,k] * (127 / a), -127, 127)))`.
    A row with `a < 127 * FLT_MIN` has scale 1 and codes 0; a row with a value
    that is not finite has the scale NaN, so that it stays visible in the result.
    With `factors`, one per column, all this is done on `x[t,k] * factors[k]`:
    smoothing that no operation in front could take. The weights that meet the
    codes are divided by them.

    Constraints: (C1) the codes have the shape of x; (C2) the scale has the shape
    of x without its last axis; (C3) the factors are [K].

    ```mlir
    %q, %s = qopt.dynamic_quantize %x : tensor<?x?x64xf32> -> tensor<?x?x64xi8>, tensor<?x?xf32>
    ```
  }];
  let arguments = (ins TensorOf<[F32]>:$input, Optional<TensorOf<[F32]>>:$factors);
  let results = (outs QOpt_Codes:$codes, TensorOf<[F32]>:$scale);
  let assemblyFormat = [{
    $input (`factors` `(` $factors^ `:` type($factors) `)`)? attr-dict
    `:` type($input) `->` type($codes) `,` type($scale)
  }];
  let hasVerifier = 1;
}

def QOpt_OutlierSplitOp : QOpt_Op<"outlier_split", [Pure]> {
  let summary = "separate the outlier columns of an activation";
  let description = [{
    `body` has the shape of the input with zeros in the outlier columns; `tail`
    holds just those columns, in ascending order; `columns` are their indices.
    With `mode <static>` the list is the attribute `outliers` (ascending,
    non-negative) and `columns` is constant; with `mode <dynamic>` it is every
    column with `|x| >= threshold` in any row of this call (arXiv 2208.07339,
    section 3.2), and its length is known at run time only.

    Constraints: (C1) body has the type of the input; (C2) static: `outliers` is
    strictly ascending, within [0, K), and its length is the last dimension of tail
    and the dimension of columns; (C3) dynamic: `threshold` > 0 and no `outliers`.

    ```mlir
    %b, %t, %c = qopt.outlier_split %x mode <static> outliers [5, 22] : tensor<?x64xf32> -> tensor<?x64xf32>, tensor<?x2xf32>, tensor<2xi32>
    ```
  }];
  let arguments = (ins TensorOf<[F32]>:$input, QOpt_OutlierModeAttr:$mode,
                       OptionalAttr<DenseI64ArrayAttr>:$outliers, OptionalAttr<F32Attr>:$threshold);
  let results = (outs TensorOf<[F32]>:$body, TensorOf<[F32]>:$tail, TensorOf<[I32]>:$columns);
  let assemblyFormat = [{
    $input `mode` $mode (`outliers` $outliers^)? (`threshold` $threshold^)? attr-dict
    `:` type($input) `->` type($body) `,` type($tail) `,` type($columns)
  }];
  let hasVerifier = 1;
}

def QOpt_QuantizedMatmulOp : QOpt_Op<"quantized_matmul", [Pure, AttrSizedOperandSegments]> {
  let summary = "matrix product of codes, with an optional float tail for outlier columns";
  let description = [{
    ```
    y[..., n] = float(sum_k q[..., k] * w[k, n]) * scale[...] * weight_scale[n]
                + sum_j tail[..., j] * tail_weight[row(j), n] + bias[n]
    ```
    The integer sum is exact in i32. `row(j) = j` without `columns`; with
    `columns` the tail weight holds all K rows and `row(j) = columns[j]`.

    Constraints: (C1) the weight is [K, N], its scale [N], the bias [N], the scale
    of the codes has their shape without the last axis; (C2) K * 127 * 127 < 2^31;
    (C3) tail [..., J] and tail_weight, [J, N] or with columns [K, N], come
    together.
  }];
  let arguments = (ins QOpt_Codes:$codes, TensorOf<[F32]>:$scale, QOpt_Codes:$weight, TensorOf<[F32]>:$weight_scale,
                       Optional<TensorOf<[F32]>>:$tail, Optional<QOpt_Float>:$tail_weight,
                       Optional<TensorOf<[I32]>>:$columns, Optional<TensorOf<[F32]>>:$bias);
  let results = (outs TensorOf<[F32]>:$output);
  let assemblyFormat = [{
    $codes `,` $scale `,` $weight `,` $weight_scale
    (`tail` `(` $tail^ `,` $tail_weight `:` type($tail) `,` type($tail_weight) `)`)?
    (`columns` `(` $columns^ `:` type($columns) `)`)? (`bias` `(` $bias^ `:` type($bias) `)`)? attr-dict
    `:` type($codes) `,` type($scale) `,` type($weight) `,` type($weight_scale) `->` type($output)
  }];
  let extraClassDeclaration = [{
    /// Constraint C3.
    ::llvm::LogicalResult verifyTail();
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
