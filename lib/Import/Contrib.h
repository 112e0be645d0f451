//===- Contrib.h - decoders of com.microsoft and ai.onnx.preview ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an operator means is what ONNX Runtime computes on the CPU.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_IMPORT_CONTRIB_H
#define QOPT_LIB_IMPORT_CONTRIB_H

#include "mlir/Support/LLVM.h"

namespace mlir::qopt::importer {

struct NodeContext;

// ContribNormalization.cpp
LogicalResult decodeBiasSplitGelu(NodeContext &node);
LogicalResult decodeEmbedLayerNormalization(NodeContext &node);
LogicalResult decodeFastGelu(NodeContext &node);
LogicalResult decodeGelu(NodeContext &node);
LogicalResult decodeQuickGelu(NodeContext &node);
LogicalResult decodeSkipLayerNormalization(NodeContext &node);
LogicalResult decodeSkipSimplifiedLayerNormalization(NodeContext &node);

// ContribAttention.cpp
LogicalResult decodeContribAttention(NodeContext &node);
LogicalResult decodeContribRotaryEmbedding(NodeContext &node);
LogicalResult decodeGroupQueryAttention(NodeContext &node);
LogicalResult decodeMultiHeadAttention(NodeContext &node);
LogicalResult decodeQAttention(NodeContext &node);

// ContribMatMul.cpp
LogicalResult decodeDynamicQuantizeMatMul(NodeContext &node);
LogicalResult decodeFusedGemm(NodeContext &node);
LogicalResult decodeFusedMatMul(NodeContext &node);
LogicalResult decodeGatherBlockQuantized(NodeContext &node);
LogicalResult decodeMatMulIntegerToFloat(NodeContext &node);
LogicalResult decodeMatMulNBits(NodeContext &node);

// ContribQLinear.cpp
LogicalResult decodeContribDequantizeLinear(NodeContext &node);
LogicalResult decodeContribQuantizeLinear(NodeContext &node);
LogicalResult decodeQLinearBinary(NodeContext &node);
LogicalResult decodeQLinearConcat(NodeContext &node);
LogicalResult decodeQLinearPool(NodeContext &node);
LogicalResult decodeQLinearSoftmax(NodeContext &node);
LogicalResult decodeQLinearUnary(NodeContext &node);

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_CONTRIB_H
