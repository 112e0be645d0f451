//===- Windows.cpp - sliding windows of convolutions and poolings ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/Analysis/Windows.h"

using namespace mlir;
using namespace mlir::onnx;

/// Entry `i` of a list attribute, which the verifier has checked the length of.
static int64_t entry(Operation *op, StringRef name, size_t i,
                     int64_t otherwise) {
  auto list = op->getAttrOfType<DenseI64ArrayAttr>(name);
  return list && i < size_t(list.size()) ? list[i] : otherwise;
}

static StringRef autoPad(Operation *op) {
  auto mode = op->getAttrOfType<StringAttr>("auto_pad");
  return mode ? mode.getValue() : StringRef("NOTSET");
}

/// Splits all padding of a dim; the odd element goes to the end, or to the
/// front with `frontFirst`.
static void splitPads(DimSymbols &symbols, Window &window, const DimExpr &total,
                      bool frontFirst) {
  DimExpr half = symbols.floorDiv(total, 2);
  window.begin = frontFirst ? total - half : half;
  window.end = frontFirst ? half : total - half;
}

SmallVector<Window> mlir::onnx::slideWindows(DimSymbols &symbols, Operation *op,
                                             ArrayRef<DimExpr> image,
                                             ArrayRef<DimExpr> kernel) {
  StringRef mode = autoPad(op);
  auto ceilMode = op->getAttrOfType<IntegerAttr>("ceil_mode");
  bool roundUp = ceilMode && ceilMode.getInt() != 0;
  size_t spatial = image.size();
  SmallVector<Window> windows(spatial);
  for (auto [i, window] : llvm::enumerate(windows)) {
    window.image = image[i];
    window.kernel = kernel[i];
    window.stride = entry(op, "strides", i, 1);
    window.dilation = entry(op, "dilations", i, 1);
    if (mode.starts_with("SAME")) {
      window.count = symbols.ceilDiv(window.image, window.stride);
      DimExpr total = symbols.max(window.covered() - window.image, 0);
      splitPads(symbols, window, total, mode == "SAME_LOWER");
      continue;
    }
    if (mode == "NOTSET") {
      window.begin = entry(op, "pads", i, 0);
      window.end = entry(op, "pads", i + spatial, 0);
    }
    DimExpr room = window.image + window.begin + window.end - window.extent();
    if (!roundUp) {
      window.count = symbols.floorDiv(room, window.stride) + 1;
      continue;
    }
    // No window starts in the padding at the end.
    window.count = symbols.min(
        symbols.ceilDiv(room, window.stride) + 1,
        symbols.ceilDiv(window.image + window.begin, window.stride));
  }
  return windows;
}

SmallVector<Window> mlir::onnx::spreadWindows(DimSymbols &symbols,
                                              Operation *op,
                                              ArrayRef<DimExpr> count,
                                              ArrayRef<DimExpr> kernel) {
  StringRef mode = autoPad(op);
  auto shape = op->getAttrOfType<DenseI64ArrayAttr>("output_shape");
  size_t spatial = count.size();
  SmallVector<Window> windows(spatial);
  for (auto [i, window] : llvm::enumerate(windows)) {
    window.count = count[i];
    window.kernel = kernel[i];
    window.stride = entry(op, "strides", i, 1);
    window.dilation = entry(op, "dilations", i, 1);
    DimExpr whole = window.covered() + entry(op, "output_padding", i, 0);
    if (shape && !shape.empty()) {
      // Some exporters write the whole shape, batch and channels included.
      window.image = entry(op, "output_shape", shape.size() - spatial + i, 0);
    } else if (mode.starts_with("SAME")) {
      window.image = window.count * window.stride;
    } else {
      if (mode == "NOTSET") {
        window.begin = entry(op, "pads", i, 0);
        window.end = entry(op, "pads", i + spatial, 0);
      }
      window.image = whole - window.begin - window.end;
      continue;
    }
    DimExpr total = symbols.max(whole - window.image, 0);
    splitPads(symbols, window, total, mode != "SAME_UPPER");
  }
  return windows;
}

SmallVector<DimExpr> mlir::onnx::kernelOf(Operation *op,
                                          ArrayRef<DimExpr> weight) {
  SmallVector<DimExpr> kernel(weight.drop_front(2));
  for (auto [i, dim] : llvm::enumerate(kernel))
    if (int64_t known = entry(op, "kernel_shape", i, 0))
      dim = known;
  return kernel;
}
