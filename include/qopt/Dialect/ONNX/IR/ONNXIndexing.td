//===- ONNXIndexing.td - ops whose data says which elements they touch ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXINDEXING_TD
#define QOPT_DIALECT_ONNX_IR_ONNXINDEXING_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

def ONNX_GatherOp : ONNX_Op<"Gather"> {
  let summary = "Picks slices along an axis";
  let description = [{
    ONNX Gather: `output[i.., j.., k..] = data[i.., indices[j..], k..]` with `axis` at the
    position of `j`. Negative indices count from the end. The rank of the result is
    `rank(data) + rank(indices) - 1`.
  }];
  let arguments = (ins AnyTensor:$data, ONNX_IndexTensor:$indices,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$axis);
  let results = (outs AnyTensor:$output);
  let hasVerifier = 1;
}

def ONNX_GatherElementsOp : ONNX_Op<"GatherElements"> {
  let summary = "Picks single elements along an axis";
  let description = [{
    ONNX GatherElements: `output[i][j][k] = data[indices[i][j][k]][j][k]` for `axis = 0`,
    and so on. The result has the shape of `indices`; negative indices count from the end.
  }];
  let arguments = (ins AnyTensor:$data, ONNX_IndexTensor:$indices,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$axis);
  let results = (outs AnyTensor:$output);
  let hasVerifier = 1;
}

def ONNX_GatherNDOp : ONNX_Op<"GatherND"> {
  let summary = "Picks slices by index tuples";
  let description = [{
    ONNX GatherND: the last dim of `indices` holds tuples that index `data` behind its
    first `batch_dims` dims, which both have in common.
  }];
  let arguments = (ins AnyTensor:$data, ONNX_I64Tensor:$indices,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$batch_dims);
  let results = (outs AnyTensor:$output);
  let hasVerifier = 1;
}

def ONNX_ScatterElementsOp : ONNX_Op<"ScatterElements"> {
  let summary = "Writes single elements along an axis";
  let description = [{
    ONNX ScatterElements: a copy of `data` with
    `output[indices[i][j][k]][j][k] = updates[i][j][k]` for `axis = 0`, and so on.
    `reduction` is `none`, `add`, `mul`, `max` or `min`.
  }];
  let arguments = (ins AnyTensor:$data, ONNX_IndexTensor:$indices, AnyTensor:$updates,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$axis,
                       DefaultValuedStrAttr<StrAttr, "none">:$reduction);
  let results = (outs AnyTensor:$output);
  let hasVerifier = 1;
}

def ONNX_ScatterNDOp : ONNX_Op<"ScatterND"> {
  let summary = "Writes slices by index tuples";
  let description = [{
    ONNX ScatterND: a copy of `data` in which the slice at each index tuple (last dim of
    `indices`) is replaced by, or reduced with, the slice of `updates`.
    `reduction` is `none`, `add`, `mul`, `max` or `min`.
  }];
  let arguments = (ins AnyTensor:$data, ONNX_I64Tensor:$indices, AnyTensor:$updates,
                       DefaultValuedStrAttr<StrAttr, "none">:$reduction);
  let results = (outs AnyTensor:$output);
  let hasVerifier = 1;
}

def ONNX_OneHotOp : ONNX_Op<"OneHot"> {
  let summary = "One-hot encoding";
  let description = [{
    ONNX OneHot: inserts a dim of size `depth` (scalar) at `axis`, holding `values[1]` at
    the index and `values[0]` elsewhere. Indices outside `[-depth, depth)` give no
    `values[1]`.
  }];
  let arguments = (ins ONNX_NumberTensor:$indices, ONNX_NumberTensor:$depth,
                       AnyTensor:$values, DefaultValuedAttr<ONNX_IntAttr, "-1">:$axis);
  let results = (outs AnyTensor:$output);
  let elementRule = [{elementOf(operands, 2)}];
}

def ONNX_NonZeroOp : ONNX_Op<"NonZero"> {
  let summary = "Indices of the elements that are not zero";
  let description = [{
    ONNX NonZero: a `rank x n` tensor of `i64` whose columns are the indices, in row-major
    order. `n` depends on the data.
  }];
  let arguments = (ins ONNX_NumberTensor:$x);
  let results = (outs ONNX_I64Tensor:$y);
  let elementRule = ONNX_I64Rule;
}

def ONNX_CompressOp : ONNX_Op<"Compress"> {
  let summary = "Keeps the slices whose condition holds";
  let description = [{
    ONNX Compress: the slices of `input` along `axis` where `condition` (rank 1) is true;
    without `axis` the elements of the flattened input. The size depends on the data.
  }];
  let arguments = (ins AnyTensor:$input, ONNX_BoolTensor:$condition,
                       OptionalAttr<ONNX_IntAttr>:$axis);
  let results = (outs AnyTensor:$output);
}

def ONNX_TopKOp : ONNX_Op<"TopK"> {
  let summary = "The k largest or smallest elements along an axis";
  let description = [{
    ONNX TopK: values and `i64` indices of the `k` (one-element tensor) largest (or
    smallest) elements along `axis`, in order if `sorted`; of equal elements the one with
    the lower index comes first.
  }];
  let arguments = (ins ONNX_NumberTensor:$x, ONNX_I64Tensor:$k,
                       DefaultValuedAttr<ONNX_IntAttr, "-1">:$axis,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$largest,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$sorted);
  let results = (outs ONNX_NumberTensor:$values, ONNX_I64Tensor:$indices);
  let elementRule = [{result == 0 ? elementOf(operands, 0)
                                  : ::mlir::IntegerType::get(context, 64)}];
  let hasVerifier = 1;
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXINDEXING_TD
