//===- QOptKernelOps.td - what one kernel computes, destination style -*- tablegen -*- ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_QOPT_IR_QOPTKERNELOPS_TD
#define QOPT_DIALECT_QOPT_IR_QOPTKERNELOPS_TD

def QOpt_Shaped : AnyTypeOf<[AnyRankedTensor, AnyMemRef]>;

class QOpt_KernelOp<string mnemonic, list<Trait> traits = []>
    : QOpt_Op<mnemonic, !listconcat([DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>], traits)>;

def QOpt_WeightOp : QOpt_Op<"weight", [Pure]> {
  let summary = "a constant that lives in the weights section";
  let description = [{
    Stands for `value` without ever becoming an LLVM constant: emission writes the
    blob (as it is, row-major or packed) to the weights section and the operation
    becomes an address. `offset`, in bytes from the start of the section, is set by
    `qopt-place-weights`. The memref form is read-only.
  }];
  let arguments = (ins ElementsAttr:$value, OptionalAttr<I64Attr>:$offset);
  let results = (outs QOpt_Shaped:$result);
  let assemblyFormat = "$value (`at` $offset^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def QOpt_QuantizeRowsOp : QOpt_KernelOp<"quantize_rows", [AttrSizedOperandSegments]> {
  let summary = "kernel of quantize and dynamic_quantize: codes and scales of all rows";
  let description = [{
    Semantics of `qopt.dynamic_quantize`, or with a given `scale` of
    `qopt.quantize`, on `v[..., k] = input[..., k] * mask[k]`. What is left out
    counts as 0, even an Inf:

    - columns whose factor in `mask` is not positive;
    - with `threshold`, elements with `|v| >= threshold`;
    - with `keep_small` these are left out of the ranges only, and the columns of
      the codes only, so that small elements of such a column count for the scale
      (with the magnitude of its factor).

    Every row gets a scale, also when one is common to all (`granularity`
    tensor, or a given one): a NaN marks rows with a value that is not finite.
    Codes are signed; unsigned ones and their zero points (`asymmetric`) are
    stored less 128. The codes have a last dimension Kp: K
    rounded up to 64, and 64 more where that is a multiple of 2048 (a dozen rows
    at such a distance compete for one set of the cache). Codes from K on meet
    zero weights or none. How a code is stored (signed, or offset by
    128 for u8 x s8 instructions) is the target's affair.

    Inputs: x [..., K] f32, optional mask [K] f32, optional scale f32 and zero point
    i32 (0 to 255) of rank 0; inits: codes [..., Kp] i8, scales [...] f32, with
    `asymmetric` zero points [...] i32, with `magnitudes` the largest |v| [...] f32.
  }];
  let arguments = (ins QOpt_Shaped:$input, Optional<QOpt_Shaped>:$mask, Optional<QOpt_Shaped>:$scale,
                       Optional<QOpt_Shaped>:$zero_point, Variadic<QOpt_Shaped>:$inits,
                       DefaultValuedAttr<QOpt_GranularityAttr, "::mlir::qopt::Granularity::Token">:$granularity,
                       UnitAttr:$asymmetric, UnitAttr:$magnitudes, OptionalAttr<F32Attr>:$threshold,
                       UnitAttr:$keep_small);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `:` type($input) `)` (`mask` `(` $mask^ `:` type($mask) `)`)?
    (`scale` `(` $scale^ `:` type($scale) `)`)? (`zero_point` `(` $zero_point^ `:` type($zero_point) `)`)?
    `outs` `(` $inits `:` type($inits) `)` (`granularity` $granularity^)? (`threshold` $threshold^)? attr-dict
    (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitsMutable(); }
    ::mlir::Value getCodesInit() { return getInits()[0]; }
    ::mlir::Value getScalesInit() { return getInits()[1]; }
    /// Null where there is none.
    ::mlir::Value getZeroPointsInit() { return getAsymmetric() ? getInits()[2] : ::mlir::Value(); }
    ::mlir::Value getMagnitudesInit() { return getMagnitudes() ? getInits().back() : ::mlir::Value(); }
  }];
  let hasVerifier = 1;
}

def QOpt_GuardOp : QOpt_Op<"guard", [MemoryEffects<[MemWrite]>]> {
  let summary = "count rows that a list of outlier columns was not made for";
  let description = [{
    Hands the largest magnitude of each row outside of the outlier columns to the
    runtime, which counts those of at least `threshold` under `index` (given by
    `convert-onnx-to-linalg`); `name` is the layer.
  }];
  let arguments = (ins AnyTypeOf<[TensorOf<[F32]>, MemRefOf<[F32]>]>:$magnitudes, F32Attr:$threshold, StrAttr:$name,
                       OptionalAttr<I32Attr>:$index);
  let assemblyFormat = "$magnitudes `threshold` $threshold $name (`index` $index^)? attr-dict `:` type($magnitudes)";
}

def QOpt_FindOutliersOp : QOpt_KernelOp<"find_outliers", [AttrSizedOperandSegments]> {
  let summary = "kernel of the dynamic outlier rule: mask, columns and their number";
  let description = [{
    A column k is an outlier when `|x[t, k] * factors[k]| >= threshold` in any row t
    (factors 1 without them). Inits: mask [K] f32 (0 for outliers, 1 elsewhere),
    columns [K] i32 (the first `count` entries are written, ascending), count [1]
    i32.
  }];
  let arguments = (ins QOpt_Shaped:$input, Optional<QOpt_Shaped>:$factors, Variadic<QOpt_Shaped>:$inits,
                       F32Attr:$threshold);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `:` type($input) `)` (`factors` `(` $factors^ `:` type($factors) `)`)?
    `outs` `(` $inits `:` type($inits) `)` `threshold` $threshold attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitsMutable(); }
    ::mlir::Value getMaskInit() { return getInits()[0]; }
    ::mlir::Value getColumnsInit() { return getInits()[1]; }
    ::mlir::Value getCountInit() { return getInits()[2]; }
  }];
  let hasVerifier = 1;
}

def QOpt_MatmulOp : QOpt_KernelOp<"matmul", [AttrSizedOperandSegments, SingleBlockImplicitTerminator<"::mlir::qopt::YieldOp">]> {
  let summary = "one fused matrix product with an epilogue";
  let description = [{
    ```
    float:        a[..., n] = sum_k lhs[..., k] * rhs[k, n]                    f32 x (f32 | f16) -> f32
    bf16:         the same of bf16 x bf16, K a multiple of 32; sums in f32, in no fixed order
    weight-only:  a[..., n] = sum_k lhs[..., k] * (rhs[k, n] * rhs_scale[g(k), n])     f32 x i8 -> f32
    integer:      p[g][..., n] = sum_{k in g} (lhs[..., k] - lhs_zero[...]) * rhs[k, n]   i8 x i8 -> i32 exact
                  a[..., n] = float(p) * (lhs_scale[...] * rhs_scale[n])                one group
                  a[..., n] = lhs_scale[...] * sum_g float(p[g]) * rhs_scale[g, n]      several
    a        += sum_{j < J} tail_lhs[..., j] * tail_rhs[row(j), n]
    results   = epilogue(a, epilogue_inputs...)                                    element by element
    ```
    `lhs` [..., K] is viewed as M = product of the leading dimensions rows. In the
    integer form its last dimension is Kp, as above; codes are signed,
    the zero points too (those of unsigned codes less 128). Groups are `group_size`
    rows of rhs, a multiple of 4, the last one may be short; without it there is
    one group, and rhs_scale is [N]. A product over several groups is summed with
    fused multiply-adds, group by group.

    `rhs` is [K, N] row-major until `qopt-pack-weights` gives it its packed form:
    integer i8 [N/32, K/64, 2, 16, 64] (byte of (k, n): k%4 within n%16 within
    (k%64)/4), bf16 [N/32, K/32, 2, 16, 32] (k%2 within n%16 within (k%32)/2, the
    same bytes for twice as wide elements), else [N/32, K, 32]; K of codes and N
    are rounded up with zeros. `row(j) = j`, or
    `columns[j]` when columns are given; J is the last dimension of tail_lhs.
    Without tail_rhs the tail meets the rows `columns[j]` of rhs itself, times
    rhs_scale. Packing also widens tail_rhs to whole panels of 32 columns; halves of a
    fixed list become two bfloat16 each on x86, [N/32, tiles, 2, 16, 32] as for bf16
    rhs (`TailLayout.h` says which element is which). It adds `rhs_sums`, the sums of the columns of rhs, of each group for itself (i32
    [N rounded up to 32] or [G, N rounded up]): zero points times rhs_sums are
    taken off the product, also the 128 of targets that store codes with an offset.

    The region gets the accumulator (f32) and one element of each epilogue input:
    an input of rank 1 is [N] (per column), any other has the shape of the result.
    It yields one value per init.
  }];
  let arguments = (ins QOpt_Shaped:$lhs, QOpt_Shaped:$rhs,
                       Optional<QOpt_Shaped>:$lhs_scale, Optional<QOpt_Shaped>:$rhs_scale, Optional<QOpt_Shaped>:$lhs_zero,
                       Optional<QOpt_Shaped>:$tail_lhs, Optional<QOpt_Shaped>:$tail_rhs, Optional<QOpt_Shaped>:$columns,
                       Optional<QOpt_Shaped>:$rhs_sums, Variadic<QOpt_Shaped>:$epilogue_inputs, Variadic<QOpt_Shaped>:$inits,
                       OptionalAttr<I64Attr>:$group_size);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    `ins` `(` $lhs `,` $rhs `:` type($lhs) `,` type($rhs) `)` (`group` $group_size^)?
    (`row_scales` `(` $lhs_scale^ `:` type($lhs_scale) `)`)?
    (`column_scales` `(` $rhs_scale^ `:` type($rhs_scale) `)`)?
    (`zero_points` `(` $lhs_zero^ `:` type($lhs_zero) `)`)?
    (`tail` `(` $tail_lhs^ `:` type($tail_lhs) `)`)? (`tail_rows` `(` $tail_rhs^ `:` type($tail_rhs) `)`)?
    (`columns` `(` $columns^ `:` type($columns) `)`)?
    (`sums` `(` $rhs_sums^ `:` type($rhs_sums) `)`)?
    (`with` `(` $epilogue_inputs^ `:` type($epilogue_inputs) `)`)?
    `outs` `(` $inits `:` type($inits) `)` attr-dict `epilogue` $epilogue (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitsMutable(); }
    /// Whether the product is of 8-bit codes.
    bool isInteger();
    /// Whether it is of bf16 on both sides.
    bool isBF16();
    /// Whether it is of floats and 8-bit weights.
    bool isWeightOnly();
    /// Rows of rhs that share a scale: `rows` without groups.
    int64_t getGroupRows(int64_t rows) { return getGroupSize() ? int64_t(*getGroupSize()) : rows; }
    /// Operands of a product of K and N.
    ::llvm::LogicalResult verifyOperands(int64_t k, int64_t n);
  }];
  // The form before packing.
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$results, "::mlir::Value":$lhs, "::mlir::Value":$rhs,
      "::mlir::Value":$lhsScale, "::mlir::Value":$rhsScale, "::mlir::Value":$lhsZero, "::mlir::Value":$tailLhs,
      "::mlir::Value":$tailRhs, "::mlir::Value":$columns, "::mlir::ValueRange":$epilogueInputs,
      "::mlir::ValueRange":$inits, CArg<"::mlir::IntegerAttr", "{}">:$groupSize), [{
    build($_builder, $_state, results, lhs, rhs, lhsScale, rhsScale, lhsZero, tailLhs, tailRhs, columns,
          /*rhs_sums=*/::mlir::Value(), epilogueInputs, inits, groupSize);
  }]>];
  let hasVerifier = 1;
}

def QOpt_AttentionOp : QOpt_KernelOp<"attention", [AttrSizedOperandSegments]> {
  let summary = "softmax(scale * Q * K^T + mask) * V without the scores in memory";
  let description = [{
    Q [B, Hq, S, D], K [B, Hk, T, D] and V [B, Hk, T, E] give [B, Hq, S, E], all f32;
    Hq is a multiple of Hk, and the heads of Q that share one of K are neighbours.
    An operand named in `tokens_first` (one flag each for Q, K, V and the result)
    is stored with its second and third dims exchanged. D and E are static.

    In this order: scores times `scale`; `softcap * tanh(score / softcap)`; `mask`
    [1 or B, 1 or Hq, 1 or S, T], added when it is f32, and otherwise (i8) scores
    become `fill` where it is 0; -inf where the key is not below `lengths[b]`, or
    is behind `past[0] + s` for query s. A row that sees no key gives NaN, with
    `zero_masked_rows` 0, as does then every other NaN among the probabilities.

    Keys that no row of a block sees, by `lengths` and `past`, are not read.
  }];
  let arguments = (ins QOpt_Shaped:$query, QOpt_Shaped:$key, QOpt_Shaped:$value, Optional<QOpt_Shaped>:$mask,
                       Optional<QOpt_Shaped>:$lengths, Optional<QOpt_Shaped>:$past, QOpt_Shaped:$init,
                       F32Attr:$scale, OptionalAttr<F32Attr>:$softcap, OptionalAttr<F32Attr>:$fill,
                       UnitAttr:$zero_masked_rows, DenseBoolArrayAttr:$tokens_first);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $query `,` $key `,` $value `:` type($query) `,` type($key) `,` type($value) `)`
    (`mask` `(` $mask^ `:` type($mask) `)`)? (`lengths` `(` $lengths^ `:` type($lengths) `)`)?
    (`past` `(` $past^ `:` type($past) `)`)? `outs` `(` $init `:` type($init) `)` `scale` $scale
    (`softcap` $softcap^)? (`fill` $fill^)? `tokens_first` $tokens_first attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    /// Positions of heads and tokens in Q, K, V (0 to 2) or the result (3).
    unsigned getHeadsDim(unsigned operand) { return getTokensFirst()[operand] ? 2 : 1; }
    unsigned getTokensDim(unsigned operand) { return getTokensFirst()[operand] ? 1 : 2; }
  }];
  let hasVerifier = 1;
}

def QOpt_YieldOp : QOpt_Op<"yield", [Pure, Terminator, HasParent<"::mlir::qopt::MatmulOp">]> {
  let summary = "results of an epilogue";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange{}); }]>];
}

def QOpt_RequireOp : QOpt_Op<"require", [MemoryEffects<[MemWrite]>]> {
  let summary = "end the run with an error unless a condition holds";
  let description = [{
    When the condition is false the run ends at once with status and message;
    `{0}` and `{1}` in the message stand for the arguments. Everything
    after it may rely on the condition. Only at the top level of the entry function.
  }];
  let arguments = (ins I1:$condition, StrAttr:$message, Variadic<Index>:$arguments);
  let assemblyFormat = "$condition `,` $message (`(` $arguments^ `)`)? attr-dict";
}

def QOpt_OutputOp : QOpt_Op<"output", [MemoryEffects<[MemAlloc]>]> {
  let summary = "the buffer of a model output";
  let description = [{
    Asks the runtime for the memory of output `index`: the caller's own buffer, or an
    owned one. Takes the place of the `memref.alloc` of that output.
  }];
  let arguments = (ins I32Attr:$index, Variadic<Index>:$dynamic_sizes);
  let results = (outs AnyMemRef:$buffer);
  let assemblyFormat = "$index (`(` $dynamic_sizes^ `)`)? attr-dict `:` type($buffer)";
}

def QOpt_ParallelCallOp : QOpt_Op<"parallel_call", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "run a function over [0, n) on the thread pool";
  let description = [{
    Calls `callee(begin, end, captures...)` for ranges that cover [0, n), each of at
    least `grain` iterations where possible, in parallel.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Index:$count, Index:$grain, Variadic<AnyType>:$captures);
  let assemblyFormat = "$callee `(` $count `grain` $grain `)` (`args` `(` $captures^ `:` type($captures) `)`)? attr-dict";
}

#endif // QOPT_DIALECT_QOPT_IR_QOPTKERNELOPS_TD
