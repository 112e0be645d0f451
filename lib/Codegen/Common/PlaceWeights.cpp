//===- PlaceWeights.cpp - constants into the weights file -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The file is linked into the library as one section. Blobs are freed as they
// are written: a blob may be shared by several operations, hence the second
// pass over the module.
//===----------------------------------------------------------------------===//

#include "qopt/Codegen/Passes.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/FileSystem.h"

#include <map>

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_PLACEWEIGHTSPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

/// Cache lines, and the widest vector load.
constexpr uint64_t kAlignment = 64;

class PlaceWeightsPass final
    : public impl::PlaceWeightsPassBase<PlaceWeightsPass> {
public:
  using PlaceWeightsPassBase::PlaceWeightsPassBase;

private:
  void runOnOperation() override {
    int fd = -1;
    if (std::error_code error = llvm::sys::fs::openFileForWrite(file, fd)) {
      getOperation().emitError("weights file: ") << error.message();
      return signalPassFailure();
    }
    llvm::raw_fd_ostream stream(fd, /*shouldClose=*/true);
    // An error that nobody asked for would end the process.
    llvm::scope_exit clear([&] { stream.clear_error(); });
    LogicalResult placed = place(stream);
    stream.close();
    if (succeeded(placed) && stream.has_error()) {
      getOperation().emitError("weights file: ") << stream.error().message();
      placed = failure();
    }
    if (failed(placed))
      return signalPassFailure();
  }

  LogicalResult place(llvm::raw_fd_ostream &stream) {
    SmallVector<WeightOp> weights;
    getOperation().walk([&](WeightOp op) { weights.push_back(op); });
    uint64_t end = 0;
    stream.write_zeros(reserve);
    std::map<llvm::BLAKE3Result<>, uint64_t> known;
    llvm::DenseMap<Attribute, uint64_t> knownAttributes;
    llvm::SmallVector<DenseResourceElementsAttr> resources;
    OpBuilder builder(&getContext());
    for (WeightOp weight : weights) {
      if (weight.getOffset())
        continue;
      ElementsAttr value = weight.getValue();
      auto [it, inserted] = knownAttributes.try_emplace(value, 0);
      if (!inserted) {
        ++numShared;
      } else {
        FailureOr<uint64_t> offset = write(weight, value, stream, end, known);
        if (failed(offset))
          return failure();
        it->second = *offset;
        if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
          // Freed below, when no later weight can refer to it.
          resources.push_back(resource);
        }
      }
      weight.setOffset(it->second);
      if (stream.has_error())
        return success();
    }
    for (WeightOp weight : weights) {
      auto type = cast<ShapedType>(weight.getValue().getType());
      weight.setValueAttr(DenseElementsAttr::get(
          type, builder.getZeroAttr(type.getElementType())));
    }
    for (DenseResourceElementsAttr resource : resources)
      if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
        *blob = AsmResourceBlob();
    return success();
  }

  FailureOr<uint64_t> write(WeightOp weight, ElementsAttr value,
                            llvm::raw_fd_ostream &stream, uint64_t &end,
                            std::map<llvm::BLAKE3Result<>, uint64_t> &known) {
    auto type = cast<ShapedType>(value.getType());
    Type element = type.getElementType();
    if (!element.isIntOrFloat())
      return weight.emitOpError("has elements that are no numbers");
    SmallVector<char, 0> expanded;
    ArrayRef<char> bytes;
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
      AsmResourceBlob *blob = resource.getRawHandle().getBlob();
      if (!blob)
        return weight.emitOpError("refers to a resource without content");
      bytes = blob->getData();
    } else if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
      bytes = dense.getRawData();
      if (element.isInteger(1)) {
        // One byte per value in memory.
        for (bool bit : dense.getValues<bool>())
          expanded.push_back(bit);
        bytes = expanded;
      } else if (dense.isSplat()) {
        expanded.reserve(bytes.size() * type.getNumElements());
        for (int64_t i = 0; i < type.getNumElements(); ++i)
          expanded.append(bytes.begin(), bytes.end());
        bytes = expanded;
      }
    } else {
      return weight.emitOpError("has a value that is neither dense nor a blob");
    }
    uint64_t wanted = type.getNumElements() *
                      llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
    if (bytes.size() != wanted)
      return weight.emitOpError("has ")
             << bytes.size() << " bytes where its type takes " << wanted;
    // Equal hashes stand for equal bytes, so it must be one that nobody can
    // make collide; and this one is no slower than the disk.
    llvm::BLAKE3Result<> hash = llvm::BLAKE3::hash(ArrayRef(
        reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
    auto [it, inserted] = known.try_emplace(hash, 0);
    if (!inserted) {
      ++numShared;
      return it->second;
    }
    uint64_t offset = llvm::alignTo(end, kAlignment);
    stream.write_zeros(offset - end);
    stream.write(bytes.data(), bytes.size());
    end = offset + bytes.size();
    it->second = offset;
    ++numPlaced;
    return offset;
  }
};

} // namespace
} // namespace mlir::qopt
