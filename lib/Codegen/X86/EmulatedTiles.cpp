//===- EmulatedTiles.cpp - tiles without tile registers -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "EmulatedTiles.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::x86;

Value x86::bytesFrom(KernelBuilder &b, Value base, Value bytes) {
  Value offset = bytes.getType().isIndex()
                     ? arith::IndexCastOp::create(b, b.getI64Type(), bytes)
                     : bytes;
  return LLVM::GEPOp::create(b, base.getType(), b.getI8Type(), base,
                             ValueRange{offset});
}

Value x86::dotWords(KernelBuilder &b, Value sum, Value lhs, Value rhs,
                    bool lhsSigned) {
  auto type = cast<VectorType>(sum.getType());
  // Moves byte i of each word to the top, then down with its sign or zeros.
  auto byteOf = [&](Value words, int64_t i, bool isSigned) -> Value {
    Value up = arith::ShLIOp::create(b, words, b.splat(type, 24 - 8 * i));
    Value by = b.splat(type, 24);
    return isSigned ? arith::ShRSIOp::create(b, up, by).getResult()
                    : arith::ShRUIOp::create(b, up, by).getResult();
  };
  for (int64_t i = 0; i < 4; ++i)
    sum = arith::AddIOp::create(
        b, sum,
        arith::MulIOp::create(b, byteOf(lhs, i, lhsSigned),
                              byteOf(rhs, i, /*isSigned=*/true)));
  return sum;
}

EmulatedTiles::EmulatedTiles(ModuleOp module)
    : module(module), symbols(module),
      tileType(VectorType::get({kBytes / 4},
                               IntegerType::get(module.getContext(), 32))),
      rowType(VectorType::get({kRowBytes / 4}, tileType.getElementType())),
      pointer(LLVM::LLVMPointerType::get(module.getContext())) {}

static Value toIndex(KernelBuilder &b, Value i16) {
  return arith::IndexCastUIOp::create(b, b.getIndexType(), i16);
}

func::FuncOp
EmulatedTiles::get(StringRef name, TypeRange inputs,
                   function_ref<void(KernelBuilder &, ValueRange)> body) {
  if (auto known = symbols.lookup<func::FuncOp>(name))
    return known;
  KernelBuilder b(module.getLoc(), module.getContext());
  auto function =
      func::FuncOp::create(b, name, b.getFunctionType(inputs, TypeRange()));
  function.setPrivate();
  symbols.insert(function);
  b.setInsertionPointToStart(function.addEntryBlock());
  body(b, function.getArguments());
  func::ReturnOp::create(b);
  return function;
}

func::FuncOp EmulatedTiles::copy(StringRef name, bool load) {
  Type i16 = IntegerType::get(module.getContext(), 16),
       i64 = IntegerType::get(module.getContext(), 64);
  return get(name, {pointer, i16, i16, pointer, i64},
             [&](KernelBuilder &b, ValueRange in) {
               Value tile = in[0], memory = in[3], stride = in[4];
               Value rows = toIndex(b, in[1]), width = toIndex(b, in[2]);
               if (load)
                 LLVM::StoreOp::create(b, b.splat(tileType, 0), tile, 64);
               b.loop(b.index(0), rows, 1, [&](Value row) {
                 Value inTile = bytesFrom(b, tile, b.mul(row, kRowBytes));
                 Value line =
                     arith::IndexCastOp::create(b, b.getI64Type(), row);
                 Value inMemory = bytesFrom(
                     b, memory, arith::MulIOp::create(b, line, stride));
                 b.loop(b.index(0), width, 1, [&](Value column) {
                   Value from = bytesFrom(b, load ? inMemory : inTile, column);
                   Value to = bytesFrom(b, load ? inTile : inMemory, column);
                   LLVM::StoreOp::create(
                       b, LLVM::LoadOp::create(b, b.getI8Type(), from), to);
                 });
               });
             });
}

func::FuncOp EmulatedTiles::multiply(StringRef name, VectorType sumType,
                                     Row initial, Step step, Finish finish) {
  Type i16 = IntegerType::get(module.getContext(), 16);
  return get(
      name, {pointer, pointer, pointer, i16, i16},
      [&](KernelBuilder &b, ValueRange in) {
        Value depth = arith::DivUIOp::create(b, toIndex(b, in[4]), b.index(4));
        b.loop(b.index(0), toIndex(b, in[3]), 1, [&](Value row) {
          Value sums = bytesFrom(b, in[0], b.mul(row, kRowBytes));
          Value lhs = bytesFrom(b, in[1], b.mul(row, kRowBytes));
          Value before = LLVM::LoadOp::create(b, sumType, sums, 4);
          SmallVector<Value> results = b.loop(
              b.index(0), depth, 1, initial(b, before),
              [&](Value k, ValueRange carried) {
                Value word = LLVM::LoadOp::create(
                    b, b.getI32Type(), bytesFrom(b, lhs, b.mul(k, 4)), 4);
                Value line = LLVM::LoadOp::create(
                    b, rowType, bytesFrom(b, in[2], b.mul(k, kRowBytes)), 4);
                return step(b, b.broadcast(word, rowType.getNumElements()),
                            line, carried);
              });
          LLVM::StoreOp::create(b, finish(b, before, results), sums, 4);
        });
      });
}

func::FuncOp EmulatedTiles::multiplyCodes() {
  return multiply(
      "emulated_tile_product", rowType,
      [](KernelBuilder &, Value sums) { return SmallVector<Value>{sums}; },
      [](KernelBuilder &b, Value word, Value line, ValueRange carried) {
        return SmallVector<Value>{
            dotWords(b, carried[0], word, line, /*lhsSigned=*/true)};
      },
      [](KernelBuilder &, Value, ValueRange results) { return results[0]; });
}

/// Denormal numbers are zeros of their sign.
static Value flush(KernelBuilder &b, Value values) {
  auto type = cast<VectorType>(values.getType());
  auto bits = VectorType::get(type.getShape(), b.getI32Type());
  Value word = arith::BitcastOp::create(b, bits, values);
  Value exponent = arith::AndIOp::create(b, word, b.splat(bits, 0x7f800000));
  Value isSmall = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, exponent,
                                        b.splat(bits, 0));
  Value sign = arith::ShLIOp::create(
      b, arith::ShRUIOp::create(b, word, b.splat(bits, 31)), b.splat(bits, 31));
  return arith::BitcastOp::create(
      b, type, arith::SelectOp::create(b, isSmall, sign, word));
}

/// The even or the odd bfloat16 of each word, which is the upper half of a
/// float.
static Value widenHalf(KernelBuilder &b, Value words, bool odd) {
  auto type = cast<VectorType>(words.getType());
  Value half = b.splat(type, 16);
  Value word = odd ? arith::ShRUIOp::create(b, words, half) : words;
  word = arith::ShLIOp::create(b, word, half);
  return flush(b,
               arith::BitcastOp::create(
                   b, VectorType::get(type.getShape(), b.getF32Type()), word));
}

func::FuncOp EmulatedTiles::multiplyHalves() {
  auto floats = VectorType::get(rowType.getShape(),
                                Float32Type::get(module.getContext()));
  return multiply(
      "emulated_tile_product_bf16", floats,
      [&](KernelBuilder &b, Value) {
        return SmallVector<Value>(2, b.splat(floats, 0));
      },
      [](KernelBuilder &b, Value word, Value line, ValueRange carried) {
        SmallVector<Value> next;
        for (bool odd : {false, true})
          next.push_back(flush(
              b, vector::FMAOp::create(b, widenHalf(b, word, odd),
                                       widenHalf(b, line, odd), carried[odd])));
        return next;
      },
      [](KernelBuilder &b, Value sums, ValueRange results) {
        Value sum = arith::AddFOp::create(b, results[0], results[1]);
        return flush(b,
                     arith::AddFOp::create(b, flush(b, sums), flush(b, sum)));
      });
}
