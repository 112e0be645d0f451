//===- ONNXShape.td - ops that make, move or measure tensors ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXSHAPE_TD
#define QOPT_DIALECT_ONNX_IR_ONNXSHAPE_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

//===----------------------------------------------------------------------===//
// Shapes as values
//===----------------------------------------------------------------------===//

def ONNX_ShapeOp : ONNX_Op<"Shape"> {
  let summary = "The dims of a tensor";
  let description = [{
    ONNX Shape: a rank-1 `i64` tensor with the dims `[start, end)` of `data`. Negative
    bounds count from the rank, bounds are clamped to `[0, rank]`; no `end` means rank.
  }];
  let arguments = (ins AnyTensor:$data, DefaultValuedAttr<ONNX_IntAttr, "0">:$start,
                       OptionalAttr<ONNX_IntAttr>:$end);
  let results = (outs ONNX_I64Tensor:$shape);
  let elementRule = ONNX_I64Rule;
}

def ONNX_SizeOp : ONNX_Op<"Size"> {
  let summary = "The number of elements of a tensor";
  let description = "ONNX Size: a scalar `i64` with the number of elements of `data`.";
  let arguments = (ins AnyTensor:$data);
  let results = (outs ONNX_I64Tensor:$size);
  let elementRule = ONNX_I64Rule;
}

//===----------------------------------------------------------------------===//
// Makers
//===----------------------------------------------------------------------===//

def ONNX_ConstantOfShapeOp : ONNX_Op<"ConstantOfShape"> {
  let summary = "A tensor of given dims filled with one value";
  let description = [{
    ONNX ConstantOfShape: `input` is a rank-1 `i64` tensor with the dims of the result;
    `value` is a tensor of one element, by default f32 zero.
  }];
  let arguments = (ins ONNX_I64Tensor:$input, OptionalAttr<ElementsAttr>:$value);
  let results = (outs AnyTensor:$output);
  let elementRule = [{attributeElementType(attributes, "value", ::mlir::Float32Type::get(context))}];
  let hasVerifier = 1;
}

def ONNX_RangeOp : ONNX_Op<"Range"> {
  let summary = "start, start + delta, ... up to but without limit";
  let description = [{
    ONNX Range: a rank-1 tensor of `max(ceil((limit - start) / delta), 0)` elements;
    the operands are scalars.

    Limits: half types only with a `stash_type` of float.
  }];
  let arguments = (ins ONNX_NumberTensor:$start, ONNX_NumberTensor:$limit,
                       ONNX_NumberTensor:$delta);
  let results = (outs ONNX_NumberTensor:$output);
}

def ONNX_EyeLikeOp : ONNX_Op<"EyeLike"> {
  let summary = "Ones on a diagonal";
  let description = [{
    ONNX EyeLike: a matrix of the shape of `input` (rank 2) with ones where
    `column - row == k` and zeros elsewhere; of element type `dtype` or the input's.
  }];
  let arguments = (ins AnyTensor:$input, OptionalAttr<TypeAttr>:$dtype,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$k);
  let results = (outs AnyTensor:$output);
  let elementRule = [{typeAttribute(attributes, "dtype", elementOf(operands, 0))}];
}

//===----------------------------------------------------------------------===//
// Same elements, other shape
//===----------------------------------------------------------------------===//

def ONNX_ReshapeOp : ONNX_Op<"Reshape"> {
  let summary = "The same elements under other dims";
  let description = [{
    ONNX Reshape: the elements of `data` in row-major order under the dims `shape`
    (rank 1). One dim may be -1 and is computed; a dim 0 is copied from the same
    position of `data` unless `allowzero` is set.

    Limits: a target of unknown length needs a rank that the model declares.
  }];
  let arguments = (ins AnyTensor:$data, ONNX_I64Tensor:$shape,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$allowzero);
  let results = (outs AnyTensor:$reshaped);
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def ONNX_FlattenOp : ONNX_Op<"Flatten"> {
  let summary = "Reshapes to a matrix";
  let description = [{
    ONNX Flatten: dims `[0, axis)` become the rows, dims `[axis, rank)` the columns of
    a rank-2 result. `axis` is in `[-rank, rank]`.
  }];
  let arguments = (ins AnyTensor:$input, DefaultValuedAttr<ONNX_IntAttr, "1">:$axis);
  let results = (outs AnyTensor:$output);
  let hasVerifier = 1;
}

def ONNX_SqueezeOp : ONNX_Op<"Squeeze"> {
  let summary = "Removes dims of size 1";
  let description = [{
    ONNX Squeeze: removes the dims `axes` (rank 1), which must be 1; without axes, all
    dims that are 1.

    Limits: dims that are not known at compile time are kept when `axes` is absent and the model
    declares no rank; generated code checks that they are not 1.
  }];
  let arguments = (ins AnyTensor:$data, ONNX_Optional<ONNX_I64Tensor>:$axes);
  let results = (outs AnyTensor:$squeezed);
}

def ONNX_UnsqueezeOp : ONNX_Op<"Unsqueeze"> {
  let summary = "Inserts dims of size 1";
  let description = [{
    ONNX Unsqueeze: inserts dims of size 1 at the positions `axes` (rank 1) of the
    result.
  }];
  let arguments = (ins AnyTensor:$data, ONNX_I64Tensor:$axes);
  let results = (outs AnyTensor:$expanded);
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

def ONNX_TransposeOp : ONNX_Op<"Transpose"> {
  let summary = "Permutes the dims";
  let description = [{
    ONNX Transpose: dim `i` of the result is dim `perm[i]` of `data`; without `perm`
    the dims are reversed.
  }];
  let arguments = (ins AnyTensor:$data, OptionalAttr<DenseI64ArrayAttr>:$perm);
  let results = (outs AnyTensor:$transposed);
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    // The permutation also where the attribute is absent.
    ::llvm::SmallVector<int64_t> getPermutation(int64_t rank);
  }];
}

def ONNX_ConcatOp : ONNX_Op<"Concat"> {
  let summary = "Joins tensors along an axis";
  let description = [{
    ONNX Concat: the operands one after the other along `axis`; all other dims are
    equal.
  }];
  let arguments = (ins Variadic<AnyTensor>:$inputs, ONNX_IntAttr:$axis);
  let results = (outs AnyTensor:$concat_result);
  let hasVerifier = 1;
  let hasFolder = 1;
}

def ONNX_SplitOp : ONNX_Op<"Split"> {
  let summary = "Cuts a tensor along an axis";
  let description = [{
    ONNX Split: consecutive parts of `input` along `axis`, of the lengths `split`
    (rank 1); without `split` equal parts, the last one smaller where it does not divide.
    `num_outputs` repeats the number of results.
  }];
  let arguments = (ins AnyTensor:$input, ONNX_Optional<ONNX_I64Tensor>:$split,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$axis,
                       OptionalAttr<ONNX_IntAttr>:$num_outputs);
  let results = (outs Variadic<AnyTensor>:$outputs);
  let hasVerifier = 1;
}

def ONNX_SliceOp : ONNX_Op<"Slice"> {
  let summary = "A strided box of a tensor";
  let description = [{
    ONNX Slice: `data[start:end:step]` for each of `axes`, with the rules of Python:
    negative bounds count from the end, bounds are clamped, steps may be negative. All
    but `data` are rank-1 integer tensors of one length; `axes` defaults to 0, 1, ...,
    `steps` to 1.
  }];
  let arguments = (ins AnyTensor:$data, ONNX_IndexTensor:$starts, ONNX_IndexTensor:$ends,
                       ONNX_Optional<ONNX_IndexTensor>:$axes,
                       ONNX_Optional<ONNX_IndexTensor>:$steps);
  let results = (outs AnyTensor:$output);
}

def ONNX_ExpandOp : ONNX_Op<"Expand"> {
  let summary = "Broadcasts to a shape";
  let description = [{
    ONNX Expand: `input` broadcast with a tensor of the dims `shape` (rank 1). As
    broadcasting is multidirectional, a dim of the result may exceed the one asked for.
  }];
  let arguments = (ins AnyTensor:$input, ONNX_I64Tensor:$shape);
  let results = (outs AnyTensor:$output);
}

def ONNX_TileOp : ONNX_Op<"Tile"> {
  let summary = "Repeats a tensor along its dims";
  let description = "ONNX Tile: dim `i` of `input` repeated `repeats[i]` times.";
  let arguments = (ins AnyTensor:$input, ONNX_I64Tensor:$repeats);
  let results = (outs AnyTensor:$output);
}

def ONNX_PadOp : ONNX_Op<"Pad"> {
  let summary = "Adds or removes elements at the borders";
  let description = [{
    ONNX Pad: `pads` holds the number of elements added before each of `axes` (default:
    all), then those added behind; negative numbers remove. `mode` is `constant` (with
    `constant_value`, default zero), `reflect`, `edge` or `wrap`.
  }];
  let arguments = (ins AnyTensor:$data, ONNX_I64Tensor:$pads,
                       ONNX_Optional<AnyTensor>:$constant_value,
                       ONNX_Optional<ONNX_IndexTensor>:$axes,
                       DefaultValuedStrAttr<StrAttr, "constant">:$mode);
  let results = (outs AnyTensor:$output);
  let hasVerifier = 1;
}

def ONNX_TriluOp : ONNX_Op<"Trilu"> {
  let summary = "The upper or lower triangle of matrices";
  let description = [{
    ONNX Trilu: keeps, in the last two dims, the elements on and above (`upper` 1) or
    on and below (0) diagonal `k` (a scalar `i64`, default 0); others become zero.
  }];
  let arguments = (ins AnyTensor:$input, ONNX_Optional<ONNX_I64Tensor>:$k,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$upper);
  let results = (outs AnyTensor:$output);
}

def ONNX_DepthToSpaceOp : ONNX_Op<"DepthToSpace"> {
  let summary = "Channels to blocks of pixels";
  let description = [{
    ONNX DepthToSpace: NCHW to N, C / b^2, H * b, W * b with `b = blocksize`; `mode` is
    `DCR` (depth, column, row) or `CRD`.
  }];
  let arguments = (ins AnyTensor:$input, ONNX_IntAttr:$blocksize,
                       DefaultValuedStrAttr<StrAttr, "DCR">:$mode);
  let results = (outs AnyTensor:$output);
  let hasVerifier = 1;
}

def ONNX_SpaceToDepthOp : ONNX_Op<"SpaceToDepth"> {
  let summary = "Blocks of pixels to channels";
  let description = [{
    ONNX SpaceToDepth: NCHW to N, C * b^2, H / b, W / b with `b = blocksize`.
  }];
  let arguments = (ins AnyTensor:$input, ONNX_IntAttr:$blocksize);
  let results = (outs AnyTensor:$output);
  let hasVerifier = 1;
}

def ONNX_ReverseSequenceOp : ONNX_Op<"ReverseSequence"> {
  let summary = "Reverses the head of each sequence";
  let description = [{
    ONNX ReverseSequence: for each batch entry `i`, the first `sequence_lens[i]`
    elements along `time_axis` in reverse order, the others as they are. The two axes are
    0 and 1 in either order.
  }];
  let arguments = (ins AnyTensor:$input, ONNX_I64Tensor:$sequence_lens,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$time_axis,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$batch_axis);
  let results = (outs AnyTensor:$y);
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXSHAPE_TD
