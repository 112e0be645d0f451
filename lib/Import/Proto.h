//===- Proto.h - the generated ONNX classes -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Debian's libonnx-dev carries the classes of ONNX 1.12 (IR 8). Fields of newer
// versions arrive as unknown fields and new dtypes as plain numbers. Only
// lib/Import and lib/Export include this header; `pb` keeps the schema's
// namespace apart from the dialect's mlir::onnx.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_IMPORT_PROTO_H
#define QOPT_LIB_IMPORT_PROTO_H

#ifndef ONNX_ML
#define ONNX_ML 1
#endif
#ifndef ONNX_NAMESPACE
#define ONNX_NAMESPACE onnx
#endif
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <onnx/onnx_pb.h>
#pragma clang diagnostic pop

namespace mlir::qopt {
namespace pb = ::onnx;
} // namespace mlir::qopt

#endif // QOPT_LIB_IMPORT_PROTO_H
