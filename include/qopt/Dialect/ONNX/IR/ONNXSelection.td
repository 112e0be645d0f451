//===- ONNXSelection.td - selecting and counting by value ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXSELECTION_TD
#define QOPT_DIALECT_ONNX_IR_ONNXSELECTION_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

def ONNX_NonMaxSuppressionOp : ONNX_Op<"NonMaxSuppression"> {
  let summary = "Boxes of high score that do not overlap a better one";
  let description = [{
    ONNX NonMaxSuppression: `boxes` is `[batch, n, 4]` (two corners y1, x1, y2, x2 in any
    order, or center and size with `center_point_box`), `scores` is `[batch, classes, n]`.
    Per batch and class at most `max_output_boxes_per_class` boxes (0 if absent) with a
    score above `score_threshold`, best first, none whose intersection over union with a
    selected one is above `iou_threshold` (0 if absent). The rows of the result are batch,
    class and box; their number depends on the data.

    Limits: boxes and scores are `f32`.
  }];
  let arguments = (ins ONNX_FloatTensor:$boxes, ONNX_FloatTensor:$scores,
                       ONNX_Optional<ONNX_I64Tensor>:$max_output_boxes_per_class,
                       ONNX_Optional<ONNX_FloatTensor>:$iou_threshold,
                       ONNX_Optional<ONNX_FloatTensor>:$score_threshold,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$center_point_box);
  let results = (outs ONNX_I64Tensor:$selected_indices);
  let elementRule = ONNX_I64Rule;
  let hasVerifier = 1;
}

def ONNX_UniqueOp : ONNX_Op<"Unique"> {
  let summary = "Different elements, or different slices along an axis";
  let description = [{
    ONNX Unique: the different slices of `x` along `axis` (without it: the different
    elements of the flattened `x`), in ascending order if `sorted`, else in the order of
    their first occurrence. `indices`: where each occurs first; `inverse_indices`: for
    each slice of `x` its place in `y`; `counts`. Sizes depend on the data. A node that
    leaves out the last results still has four here, without uses.
  }];
  let arguments = (ins ONNX_NumberTensor:$x, OptionalAttr<ONNX_IntAttr>:$axis,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$sorted);
  let results = (outs ONNX_NumberTensor:$y, ONNX_I64Tensor:$indices,
                      ONNX_I64Tensor:$inverse_indices, ONNX_I64Tensor:$counts);
  let elementRule = [{result == 0 ? elementOf(operands, 0)
                                  : ::mlir::IntegerType::get(context, 64)}];
  let hasVerifier = 1;
}

def ONNX_TfIdfVectorizerOp : ONNX_Op<"TfIdfVectorizer"> {
  let summary = "Counts the n-grams of a vocabulary";
  let description = [{
    ONNX TfIdfVectorizer on integers: rows of `x` (`[n]` or `[batch, n]`) are searched for
    the n-grams in `pool_int64s`. `ngram_counts[k]` is where those of length `k + 1` begin;
    lengths `min_gram_length` to `max_gram_length` count, with up to `max_skip_count`
    values left out between neighbours. The count of n-gram `j` is added to column
    `ngram_indexes[j]`; `mode` `IDF` makes it 0 or 1, `IDF` and `TFIDF` multiply with
    `weights`. `onnx-decompose` removes the op. Strings are not supported.
  }];
  let arguments = (ins TensorOf<[I32, I64]>:$x, DenseI64ArrayAttr:$ngram_counts,
                       DenseI64ArrayAttr:$ngram_indexes, DenseI64ArrayAttr:$pool_int64s,
                       OptionalAttr<DenseF32ArrayAttr>:$weights,
                       ONNX_IntAttr:$min_gram_length, ONNX_IntAttr:$max_gram_length,
                       ONNX_IntAttr:$max_skip_count, StrAttr:$mode);
  let results = (outs TensorOf<[F32]>:$y);
  let elementRule = [{::mlir::Float32Type::get(context)}];
  let hasVerifier = 1;
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXSELECTION_TD
