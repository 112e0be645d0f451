//===- EmulateInstructions.cpp - kernels without their instructions -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests: what a kernel asks of AMX and VNNI becomes vector code that every
// x86-64-v3 runs, with the same result bit for bit. Loops, addresses, edges and
// epilogues of the kernel stay as they are, and are what is tested.
//===----------------------------------------------------------------------===//

#include "EmulatedTiles.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "qopt/Codegen/Passes.h"

#include <numeric>

namespace mlir::qopt {
#define GEN_PASS_DEF_EMULATEINSTRUCTIONSPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

using kernels::KernelBuilder;
using namespace x86;

class Emulator {
public:
  explicit Emulator(ModuleOp module)
      : module(module), functions(module), tileType(functions.getTileType()),
        rowType(functions.getRowType()) {}

  LogicalResult run(unsigned &count) {
    SmallVector<LLVM::CallIntrinsicOp> ops;
    module.walk([&](LLVM::CallIntrinsicOp op) {
      if (op.getIntrin().starts_with("llvm.x86."))
        ops.push_back(op);
    });
    retype();
    for (LLVM::CallIntrinsicOp op : ops) {
      // x86-64-v3 has these.
      if (op.getIntrin().starts_with("llvm.x86.avx2.") ||
          op.getIntrin().starts_with("llvm.x86.avx.") ||
          op.getIntrin().starts_with("llvm.x86.sse"))
        continue;
      if (failed(replace(op)))
        return op.emitOpError("has no emulation: ") << op.getIntrin();
      op.erase();
      ++count;
    }
    return success();
  }

private:
  /// Tiles are values of loops and branches too.
  void retype() {
    auto change = [&](Value value) {
      if (isa<LLVM::LLVMX86AMXType>(value.getType()))
        value.setType(tileType);
    };
    module.walk([&](Operation *op) {
      for (Value result : op->getResults())
        change(result);
      for (Region &region : op->getRegions())
        for (Block &block : region)
          for (BlockArgument argument : block.getArguments())
            change(argument);
    });
  }

  LogicalResult replace(LLVM::CallIntrinsicOp op) {
    StringRef name = op.getIntrin();
    KernelBuilder b(op.getLoc(), op);
    ValueRange in = op.getArgs();
    if (name.starts_with("llvm.x86.avx512.vpdpbusd.")) {
      auto type = cast<VectorType>(op.getResult(0).getType());
      auto words = [&](Value bytes) -> Value {
        return LLVM::BitcastOp::create(b, type, bytes);
      };
      op.getResult(0).replaceAllUsesWith(
          dotWords(b, in[0], words(in[1]), words(in[2]), /*lhsSigned=*/false));
      return success();
    }
    // Unmasked, and to even, which is how the threads of a run round anyway.
    IntegerAttr mask, rounding;
    if (name == "llvm.x86.avx512.mask.cvtps2dq.512" &&
        matchPattern(in[2], m_Constant(&mask)) && mask.getInt() == -1 &&
        matchPattern(in[3], m_Constant(&rounding)) && rounding.getInt() == 8)
      return inHalves(b, op, "llvm.x86.avx.cvt.ps2dq.256", in.take_front(1));
    // They work on parts of 128 bits.
    if (name == "llvm.x86.avx512.packssdw.512")
      return inHalves(b, op, "llvm.x86.avx2.packssdw", in);
    if (name == "llvm.x86.avx512.packsswb.512")
      return inHalves(b, op, "llvm.x86.avx2.packsswb", in);
    if (name == "llvm.x86.tilezero.internal") {
      op.getResult(0).replaceAllUsesWith(b.splat(tileType, 0));
      return success();
    }
    if (name == "llvm.x86.tileloadd64.internal" ||
        name == "llvm.x86.tileloaddt164.internal") {
      Value tile = slot(op, 0);
      call(b, functions.load(), {tile, in[0], in[1], in[2], in[3]});
      op.getResult(0).replaceAllUsesWith(loadTile(b, tile));
      return success();
    }
    if (name == "llvm.x86.tilestored64.internal") {
      Value tile = slot(op, 0);
      LLVM::StoreOp::create(b, in[4], tile, 64);
      call(b, functions.store(), {tile, in[0], in[1], in[2], in[3]});
      return success();
    }
    if (name == "llvm.x86.avx512.mask.scalef.ps.512" &&
        matchPattern(in[3], m_Constant(&mask)) && mask.getInt() == -1) {
      op.getResult(0).replaceAllUsesWith(timesPowerOfTwo(b, in[0], in[1]));
      return success();
    }
    if (name == "llvm.x86.avx512.vpermi2var.ps.512") {
      op.getResult(0).replaceAllUsesWith(lookUp(b, op, in[0], in[1], in[2]));
      return success();
    }
    if (name == "llvm.x86.tdpbf16ps.internal") {
      multiplyTiles(b, op, functions.multiplyHalves());
      return success();
    }
    if (name == "llvm.x86.tdpbssd.internal") {
      multiplyTiles(b, op, functions.multiplyCodes());
      return success();
    }
    return failure();
  }

  /// (rows, width, bytes of a row of lhs, sums, lhs, rhs) by way of memory.
  void multiplyTiles(KernelBuilder &b, LLVM::CallIntrinsicOp op,
                     func::FuncOp product) {
    ValueRange in = op.getArgs();
    SmallVector<Value> operands;
    for (unsigned i = 0; i < 3; ++i) {
      operands.push_back(slot(op, i));
      LLVM::StoreOp::create(b, in[3 + i], operands.back(), 64);
    }
    operands.append({in[0], in[2]});
    call(b, product, operands);
    op.getResult(0).replaceAllUsesWith(loadTile(b, operands.front()));
  }

  /// Lanes of the 32 floats of `low` and `high` by the low five bits of
  /// `index`.
  Value lookUp(KernelBuilder &b, Operation *op, Value low, Value index,
               Value high) {
    Value table = slot(op, 0);
    LLVM::StoreOp::create(b, low, table, 64);
    LLVM::StoreOp::create(b, high, bytesFrom(b, table, b.index(64)), 64);
    Value offsets = arith::ShLIOp::create(
        b, arith::AndIOp::create(b, index, b.splat(rowType, 31)),
        b.splat(rowType, 2));
    Value result = low;
    for (int64_t i = 0; i < 16; ++i) {
      Value offset = arith::IndexCastUIOp::create(
          b, b.getIndexType(), vector::ExtractOp::create(b, offsets, i));
      Value value = LLVM::LoadOp::create(b, b.getF32Type(),
                                         bytesFrom(b, table, offset), 4);
      result = vector::InsertOp::create(b, value, result, i);
    }
    return result;
  }

  /// values * 2^n, rounded once: f64 holds every such product. `values` are NaN
  /// where n is.
  static Value timesPowerOfTwo(KernelBuilder &b, Value values, Value n) {
    auto doubles = VectorType::get({16}, b.getF64Type());
    auto words = VectorType::get({16}, b.getI64Type());
    auto bound = [&](double value) {
      return b.splat(cast<VectorType>(n.getType()), value);
    };
    n = arith::MinNumFOp::create(b, arith::MaxNumFOp::create(b, n, bound(-512)),
                                 bound(512));
    Value exponent = arith::AddIOp::create(
        b, arith::FPToSIOp::create(b, words, n), b.splat(words, 1023));
    Value power = arith::BitcastOp::create(
        b, doubles, arith::ShLIOp::create(b, exponent, b.splat(words, 52)));
    Value wide = arith::ExtFOp::create(b, doubles, values);
    return arith::TruncFOp::create(b, values.getType(),
                                   arith::MulFOp::create(b, wide, power));
  }

  /// The instruction of half the width on both halves of the operands.
  static LogicalResult inHalves(KernelBuilder &b, LLVM::CallIntrinsicOp op,
                                StringRef half, ValueRange operands) {
    auto type = cast<VectorType>(op.getResult(0).getType());
    int64_t lanes = type.getNumElements() / 2;
    auto halfType = VectorType::get({lanes}, type.getElementType());
    SmallVector<Value, 2> results;
    for (int64_t part = 0; part < 2; ++part) {
      SmallVector<Value> parts;
      for (Value operand : operands) {
        int64_t n = cast<VectorType>(operand.getType()).getNumElements() / 2;
        parts.push_back(vector::ExtractStridedSliceOp::create(
            b, operand, ArrayRef<int64_t>{part * n}, ArrayRef<int64_t>{n},
            ArrayRef<int64_t>{1}));
      }
      results.push_back(LLVM::CallIntrinsicOp::create(
                            b, halfType, b.getStringAttr(half), parts)
                            .getResult(0));
    }
    SmallVector<int64_t> order(2 * lanes);
    std::iota(order.begin(), order.end(), 0);
    op.getResult(0).replaceAllUsesWith(
        vector::ShuffleOp::create(b, results[0], results[1], order));
    return success();
  }

  Value loadTile(KernelBuilder &b, Value tile) {
    return LLVM::LoadOp::create(b, tileType, tile, 64);
  }

  static void call(KernelBuilder &b, func::FuncOp callee, ValueRange operands) {
    func::CallOp::create(b, callee, operands);
  }

  /// Memory of a tile, one of three of each function.
  Value slot(Operation *op, unsigned i) {
    auto function = op->getParentOfType<func::FuncOp>();
    SmallVector<Value, 3> &own = slots[function];
    if (own.empty()) {
      auto b = KernelBuilder::atBlockBegin(op->getLoc(),
                                           &function.getFunctionBody().front());
      Value bytes = arith::ConstantIntOp::create(b, op->getLoc(),
                                                 EmulatedTiles::kBytes, 64);
      for (unsigned k = 0; k < 3; ++k)
        own.push_back(LLVM::AllocaOp::create(
            b, op->getLoc(), functions.getPointer(), b.getI8Type(), bytes, 64));
    }
    return own[i];
  }

  ModuleOp module;
  EmulatedTiles functions;
  VectorType tileType, rowType;
  llvm::DenseMap<Operation *, SmallVector<Value, 3>> slots;
};

class EmulateInstructionsPass final
    : public impl::EmulateInstructionsPassBase<EmulateInstructionsPass> {
  void runOnOperation() override {
    unsigned count = 0;
    if (failed(Emulator(getOperation()).run(count)))
      signalPassFailure();
    numEmulated += count;
  }
};

} // namespace
} // namespace mlir::qopt
