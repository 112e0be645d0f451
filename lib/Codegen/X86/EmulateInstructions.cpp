//===- EmulateInstructions.cpp - kernels without their instructions -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests: what a kernel asks of AMX and VNNI becomes vector code that every
// x86-64-v3 runs, with the same result bit for bit. A tile is 16 rows of 64
// bytes as one value, vector<256xi32>; a product of tiles is a call of a
// function that works on three tiles in memory. Loops, addresses, edges and
// epilogues of the kernel stay as they are, and are what is tested.
//===----------------------------------------------------------------------===//

#include "../Kernels/KernelBuilder.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "qopt/Codegen/Passes.h"
#include "llvm/ADT/StringSwitch.h"

#include <numeric>

namespace mlir::qopt {
#define GEN_PASS_DEF_EMULATEINSTRUCTIONSPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

constexpr int64_t kRows = 16, kRowBytes = 64, kWords = 256;

/// What of a byte fills the word: its sign, or zeros.
struct Signs {
  bool lhs, rhs;
};

class Emulator {
public:
  explicit Emulator(ModuleOp module)
      : module(module), symbols(module),
        tileType(VectorType::get({kWords},
                                 IntegerType::get(module.getContext(), 32))),
        rowType(VectorType::get({16}, tileType.getElementType())),
        pointer(LLVM::LLVMPointerType::get(module.getContext())) {}

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
    kernels::KernelBuilder b(op.getLoc(), op);
    ValueRange in = op.getArgs();
    if (name.starts_with("llvm.x86.avx512.vpdpbusd.")) {
      auto type = cast<VectorType>(op.getResult(0).getType());
      auto words = [&](Value bytes) -> Value {
        return LLVM::BitcastOp::create(b, type, bytes);
      };
      op.getResult(0).replaceAllUsesWith(
          dot(b, in[0], words(in[1]), words(in[2]), {false, true}));
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
      call(b, copyFunction("emulated_tile_load", /*load=*/true),
           {tile, in[0], in[1], in[2], in[3]});
      op.getResult(0).replaceAllUsesWith(loadTile(b, tile));
      return success();
    }
    if (name == "llvm.x86.tilestored64.internal") {
      Value tile = slot(op, 0);
      LLVM::StoreOp::create(b, in[4], tile, 64);
      call(b, copyFunction("emulated_tile_store", /*load=*/false),
           {tile, in[0], in[1], in[2], in[3]});
      return success();
    }
    if (name == "llvm.x86.avx512.vpermi2var.ps.512") {
      op.getResult(0).replaceAllUsesWith(lookUp(b, op, in[0], in[1], in[2]));
      return success();
    }
    if (name == "llvm.x86.tdpbf16ps.internal") {
      multiplyTiles(b, op, halfProductFunction());
      return success();
    }
    auto signs = llvm::StringSwitch<std::optional<Signs>>(name)
                     .Case("llvm.x86.tdpbssd.internal", Signs{true, true})
                     .Case("llvm.x86.tdpbsud.internal", Signs{true, false})
                     .Case("llvm.x86.tdpbusd.internal", Signs{false, true})
                     .Case("llvm.x86.tdpbuud.internal", Signs{false, false})
                     .Default(std::nullopt);
    if (!signs)
      return failure();
    multiplyTiles(b, op, productFunction(*signs));
    return success();
  }

  /// (rows, width, bytes of a row of lhs, sums, lhs, rhs) by way of memory.
  void multiplyTiles(kernels::KernelBuilder &b, LLVM::CallIntrinsicOp op,
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
  Value lookUp(kernels::KernelBuilder &b, Operation *op, Value low, Value index,
               Value high) {
    Value table = slot(op, 0);
    LLVM::StoreOp::create(b, low, table, 64);
    LLVM::StoreOp::create(b, high, at(b, table, b.index(64)), 64);
    Value offsets = arith::ShLIOp::create(
        b, arith::AndIOp::create(b, index, b.splat(rowType, 31)),
        b.splat(rowType, 2));
    Value result = low;
    for (int64_t i = 0; i < 16; ++i) {
      Value offset = arith::IndexCastUIOp::create(
          b, b.getIndexType(), vector::ExtractOp::create(b, offsets, i));
      Value value =
          LLVM::LoadOp::create(b, b.getF32Type(), at(b, table, offset), 4);
      result = vector::InsertOp::create(b, value, result, i);
    }
    return result;
  }

  /// The instruction of half the width on both halves of the operands.
  static LogicalResult inHalves(kernels::KernelBuilder &b,
                                LLVM::CallIntrinsicOp op, StringRef half,
                                ValueRange operands) {
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

  /// acc + the sum over the four bytes of each word of a[i] * b[i].
  static Value dot(kernels::KernelBuilder &b, Value acc, Value lhs, Value rhs,
                   Signs signs) {
    auto type = cast<VectorType>(acc.getType());
    // Moves byte i of each word to the top, then down with its sign or zeros.
    auto byteOf = [&](Value words, int64_t i, bool isSigned) -> Value {
      Value up = arith::ShLIOp::create(b, words, b.splat(type, 24 - 8 * i));
      Value by = b.splat(type, 24);
      return isSigned ? arith::ShRSIOp::create(b, up, by).getResult()
                      : arith::ShRUIOp::create(b, up, by).getResult();
    };
    for (int64_t i = 0; i < 4; ++i)
      acc = arith::AddIOp::create(
          b, acc,
          arith::MulIOp::create(b, byteOf(lhs, i, signs.lhs),
                                byteOf(rhs, i, signs.rhs)));
    return acc;
  }

  static Value at(kernels::KernelBuilder &b, Value base, Value bytes) {
    Value offset = bytes.getType().isIndex()
                       ? arith::IndexCastOp::create(b, b.getI64Type(), bytes)
                       : bytes;
    return LLVM::GEPOp::create(b, base.getType(), b.getI8Type(), base,
                               ValueRange{offset});
  }

  Value loadTile(kernels::KernelBuilder &b, Value tile) {
    return LLVM::LoadOp::create(b, tileType, tile, 64);
  }

  static Value toIndex(kernels::KernelBuilder &b, Value i16) {
    return arith::IndexCastUIOp::create(b, b.getIndexType(), i16);
  }

  static void call(kernels::KernelBuilder &b, func::FuncOp callee,
                   ValueRange operands) {
    func::CallOp::create(b, callee, operands);
  }

  /// Memory of a tile, one of three of each function.
  Value slot(Operation *op, unsigned i) {
    auto function = op->getParentOfType<func::FuncOp>();
    SmallVector<Value, 3> &own = slots[function];
    if (own.empty()) {
      auto b = kernels::KernelBuilder::atBlockBegin(
          op->getLoc(), &function.getFunctionBody().front());
      Value bytes =
          arith::ConstantIntOp::create(b, op->getLoc(), kRows * kRowBytes, 64);
      for (unsigned k = 0; k < 3; ++k)
        own.push_back(LLVM::AllocaOp::create(b, op->getLoc(), pointer,
                                             b.getI8Type(), bytes, 64));
    }
    return own[i];
  }

  func::FuncOp makeFunction(StringRef name, TypeRange inputs) {
    OpBuilder b(module.getContext());
    auto function = func::FuncOp::create(b, module.getLoc(), name,
                                         b.getFunctionType(inputs, {}));
    function.setPrivate();
    symbols.insert(function);
    function.addEntryBlock();
    return function;
  }

  /// (tile, rows, bytes of a row, memory, its stride): rows of memory to or
  /// from a tile; a load fills what is left with zeros.
  func::FuncOp copyFunction(StringRef name, bool load) {
    if (auto known = symbols.lookup<func::FuncOp>(name))
      return known;
    Type i16 = IntegerType::get(module.getContext(), 16),
         i64 = IntegerType::get(module.getContext(), 64);
    func::FuncOp function =
        makeFunction(name, {pointer, i16, i16, pointer, i64});
    Block *entry = &function.getBody().front();
    kernels::KernelBuilder b(module.getLoc(), module.getContext());
    b.setInsertionPointToStart(entry);
    Value tile = entry->getArgument(0), memory = entry->getArgument(3);
    Value rows = toIndex(b, entry->getArgument(1));
    Value width = toIndex(b, entry->getArgument(2));
    if (load)
      LLVM::StoreOp::create(b, b.splat(tileType, 0), tile, 64);
    b.loop(b.index(0), rows, 1, [&](Value row) {
      Value inTile = at(b, tile, b.mul(row, kRowBytes));
      Value inMemory =
          at(b, memory,
             arith::MulIOp::create(
                 b, arith::IndexCastOp::create(b, b.getI64Type(), row),
                 entry->getArgument(4)));
      b.loop(b.index(0), width, 1, [&](Value column) {
        Value from = at(b, load ? inMemory : inTile, column);
        LLVM::StoreOp::create(b, LLVM::LoadOp::create(b, b.getI8Type(), from),
                              at(b, load ? inTile : inMemory, column));
      });
    });
    func::ReturnOp::create(b);
    return function;
  }

  /// (sums, lhs, rhs, rows, bytes of a row of lhs): what is not in rhs is 0,
  /// and so are its columns beyond the width of the product.
  func::FuncOp productFunction(Signs signs) {
    std::string name = std::string("emulated_tile_product_") +
                       (signs.lhs ? 's' : 'u') + (signs.rhs ? 's' : 'u');
    if (auto known = symbols.lookup<func::FuncOp>(name))
      return known;
    Type i16 = IntegerType::get(module.getContext(), 16);
    func::FuncOp function =
        makeFunction(name, {pointer, pointer, pointer, i16, i16});
    Block *entry = &function.getBody().front();
    kernels::KernelBuilder b(module.getLoc(), module.getContext());
    b.setInsertionPointToStart(entry);
    Value rows = toIndex(b, entry->getArgument(3));
    Value depth = arith::DivUIOp::create(b, toIndex(b, entry->getArgument(4)),
                                         b.index(4));
    b.loop(b.index(0), rows, 1, [&](Value row) {
      Value sums = at(b, entry->getArgument(0), b.mul(row, kRowBytes));
      Value lhs = at(b, entry->getArgument(1), b.mul(row, kRowBytes));
      Value before = LLVM::LoadOp::create(b, rowType, sums, 4);
      SmallVector<Value> after = b.loop(
          b.index(0), depth, 1, {before},
          [&](Value step, ValueRange carried) -> SmallVector<Value> {
            Value word = LLVM::LoadOp::create(b, b.getI32Type(),
                                              at(b, lhs, b.mul(step, 4)), 4);
            Value line = LLVM::LoadOp::create(
                b, rowType,
                at(b, entry->getArgument(2), b.mul(step, kRowBytes)), 4);
            return {dot(b, carried[0], b.broadcast(word, 16), line, signs)};
          });
      LLVM::StoreOp::create(b, after[0], sums, 4);
    });
    func::ReturnOp::create(b);
    return function;
  }

  /// Denormal numbers are zeros of their sign, for tiles of halves.
  Value flush(kernels::KernelBuilder &b, Value values) {
    auto bits = VectorType::get({16}, b.getI32Type());
    Value word = arith::BitcastOp::create(b, bits, values);
    Value exponent = arith::AndIOp::create(b, word, b.splat(bits, 0x7f800000));
    Value isSmall = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, exponent,
                                          b.splat(bits, 0));
    Value sign = arith::ShLIOp::create(
        b, arith::ShRUIOp::create(b, word, b.splat(bits, 31)),
        b.splat(bits, 31));
    return arith::BitcastOp::create(
        b, values.getType(), arith::SelectOp::create(b, isSmall, sign, word));
  }

  /// As productFunction, of pairs of bfloat16: the even and the odd products
  /// are summed by fused multiply-adds of their own, from zero, and meet at the
  /// end.
  func::FuncOp halfProductFunction() {
    StringRef name = "emulated_tile_product_bf16";
    if (auto known = symbols.lookup<func::FuncOp>(name))
      return known;
    Type i16 = IntegerType::get(module.getContext(), 16);
    func::FuncOp function =
        makeFunction(name, {pointer, pointer, pointer, i16, i16});
    Block *entry = &function.getBody().front();
    kernels::KernelBuilder b(module.getLoc(), module.getContext());
    b.setInsertionPointToStart(entry);
    auto floats = VectorType::get({16}, b.getF32Type());
    Value rows = toIndex(b, entry->getArgument(3));
    Value depth = arith::DivUIOp::create(b, toIndex(b, entry->getArgument(4)),
                                         b.index(4));
    Value half = b.splat(rowType, 16);
    // A bfloat16 is the upper half of a float.
    auto widen = [&](Value words, bool odd) {
      Value word = odd ? arith::ShRUIOp::create(b, words, half) : words;
      word = arith::ShLIOp::create(b, word, half);
      return flush(b, arith::BitcastOp::create(b, floats, word));
    };
    Value zero = b.splat(floats, 0);
    b.loop(b.index(0), rows, 1, [&](Value row) {
      Value sums = at(b, entry->getArgument(0), b.mul(row, kRowBytes));
      Value lhs = at(b, entry->getArgument(1), b.mul(row, kRowBytes));
      SmallVector<Value> parts = b.loop(
          b.index(0), depth, 1, {zero, zero},
          [&](Value step, ValueRange carried) -> SmallVector<Value> {
            Value word =
                b.broadcast(LLVM::LoadOp::create(b, b.getI32Type(),
                                                 at(b, lhs, b.mul(step, 4)), 4),
                            16);
            Value line = LLVM::LoadOp::create(
                b, rowType,
                at(b, entry->getArgument(2), b.mul(step, kRowBytes)), 4);
            SmallVector<Value> next;
            for (bool odd : {false, true})
              next.push_back(flush(b, vector::FMAOp::create(b, widen(word, odd),
                                                            widen(line, odd),
                                                            carried[odd])));
            return next;
          });
      Value before = flush(b, LLVM::LoadOp::create(b, floats, sums, 4));
      Value sum = flush(b, arith::AddFOp::create(b, parts[0], parts[1]));
      LLVM::StoreOp::create(b, flush(b, arith::AddFOp::create(b, before, sum)),
                            sums, 4);
    });
    func::ReturnOp::create(b);
    return function;
  }

  ModuleOp module;
  SymbolTable symbols;
  VectorType tileType, rowType;
  LLVM::LLVMPointerType pointer;
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
