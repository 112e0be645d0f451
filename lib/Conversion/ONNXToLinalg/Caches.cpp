//===- Caches.cpp - key and value caches in the buffer of the caller ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Caches.h"
#include "Lowering.h"
#include "qopt/Dialect/ONNX/IR/ONNXAttention.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"
#include "qopt/Dialect/QOpt/IR/CacheAttrs.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

Caches::Caches(func::FuncOp function) : function(function) {
  for (BlockArgument argument : function.getArguments())
    if (function.getArgAttr(argument.getArgNumber(), kCacheLengthAttrName))
      lengthArgument = argument;
  Operation *terminator = function.getBody().front().getTerminator();
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    auto input = function.getResultAttrOfType<IntegerAttr>(i, kCacheAttrName);
    if (!input)
      continue;
    unsigned argument = input.getInt();
    auto axis =
        function.getArgAttrOfType<IntegerAttr>(argument, kCacheAttrName);
    Operation *op = terminator->getOperand(i).getDefiningOp();
    // A TensorScatter says for itself where its rows go.
    if (isa_and_nonnull<onnx::TensorScatterOp>(op))
      continue;
    caches[op] = {function.getArgument(argument), axis.getInt(), i, Value()};
  }
}

/// The length, read in front of everything that may use it.
Value Caches::lengthAtEntry() {
  if (length)
    return length;
  OpBuilder b(function.getContext());
  b.setInsertionPointToStart(&function.getBody().front());
  Location loc = function.getLoc();
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value number =
      tensor::ExtractOp::create(b, loc, lengthArgument, ValueRange{zero});
  length = arith::IndexCastOp::create(b, loc, b.getIndexType(), number);
  return length;
}

LogicalResult Caches::begin(Lowering &l) {
  if (caches.empty())
    return success();
  if (!lengthArgument)
    return function.emitError("has caches in place but no length of them");
  bool failing = false;
  bool first = true;
  for (auto &[op, cache] : caches) {
    l.b.setLoc(op->getLoc());
    l.at(op);
    auto concat = dyn_cast<onnx::ConcatOp>(op);
    if (!concat || concat.getInputs().size() != 2 ||
        concat.getInputs()[0] != cache.buffer) {
      failing |= failed(l.fail("does not append to the cache"));
      continue;
    }
    const onnx::DimExpr &rows = l.expr(concat.getInputs()[1], cache.axis);
    if (!l.shapes.getSymbols().isEntry(rows)) {
      failing |= failed(l.fail("the number of new rows of a cache is not known "
                               "before they are computed"));
      continue;
    }
    Value filled = lengthAtEntry();
    if (first)
      l.require(l.compare(CmpIPredicate::sge, filled, l.index(0)),
                "the length of the caches is {0}", filled);
    first = false;
    Value capacity = tensor::DimOp::create(l.b, cache.buffer, cache.axis);
    capacities.insert(capacity.getDefiningOp());
    // A length near the limit of an i64 must not wrap around.
    Value room = l.subtract(capacity, filled);
    Value added = l.value(l.materialize(rows));
    l.require(l.compare(CmpIPredicate::sle, added, room),
              "{0} new rows do not fit into a cache that has room for {1} more",
              {added, room});
  }
  if (failing)
    return failure();
  return checkInputs(l);
}

/// Inputs with dims that name the length, like a mask over past and new rows:
/// where the past is a buffer, their dims no longer say what is in it.
LogicalResult Caches::checkInputs(Lowering &l) {
  for (BlockArgument argument : function.getArguments()) {
    if (function.getArgAttr(argument.getArgNumber(), kCacheAttrName) ||
        !isa<RankedTensorType>(argument.getType()))
      continue;
    auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                      "onnx.name");
    for (auto [i, expr] : llvm::enumerate(l.shapes.getShape(argument))) {
      bool counts = false;
      expr.walkSymbols([&](onnx::DimSymbol symbol) {
        const auto &info = l.shapes.getSymbols().getInfo(symbol);
        auto buffer = dyn_cast_or_null<BlockArgument>(info.value);
        auto axis = buffer ? function.getArgAttrOfType<IntegerAttr>(
                                 buffer.getArgNumber(), kCacheAttrName)
                           : nullptr;
        counts |= info.kind == onnx::DimSymbols::Kind::Input && axis &&
                  info.index == axis.getInt();
      });
      if (!counts)
        continue;
      Value have = tensor::DimOp::create(l.b, argument, i),
            want = l.value(l.materialize(expr));
      RequireOp::create(l.b, l.compare(CmpIPredicate::eq, have, want),
                        l.b.getStringAttr("input '" + (name ? name.str() : "") +
                                          "': dim " + std::to_string(i) +
                                          " is {0}, expected {1} by the length "
                                          "of the caches"),
                        ValueRange{have, want});
    }
  }
  return success();
}

LogicalResult Caches::append(Operation *op, Lowering &l) {
  Cache &cache = caches[op];
  Value rows = op->getOperand(1), present = op->getResult(0);
  int64_t rank = l.rankOf(present);
  for (int64_t i = 0; i < rank; ++i)
    if (i != cache.axis && failed(l.requireEqual(cache.buffer, i, rows, i,
                                                 "dims of a cache and of its "
                                                 "new rows")))
      return failure();
  SmallVector<OpFoldResult> offsets(rank, l.b.getIndexAttr(0)),
      strides(rank, l.b.getIndexAttr(1)), sizes = l.dims(rows);
  offsets[cache.axis] = lengthAtEntry();
  // Static where the buffer is: what is proved equal may be known on one side.
  for (int64_t i = 0; i < rank; ++i)
    if (i != cache.axis)
      sizes[i] = l.dim(cache.buffer, i);
  cache.updated = tensor::InsertSliceOp::create(
      l.b, l.fitTo(l.get(rows), sizes), l.get(cache.buffer), offsets, sizes,
      strides);
  offsets[cache.axis] = l.b.getIndexAttr(0);
  sizes[cache.axis] = l.dim(present, cache.axis);
  l.set(present, tensor::ExtractSliceOp::create(l.b, cache.updated, offsets,
                                                sizes, strides));
  return success();
}

Value Caches::resultOf(unsigned result) const {
  for (const auto &[op, cache] : caches)
    if (cache.result == result)
      return cache.updated;
  return {};
}

std::string Caches::freeDimName() {
  llvm::StringSet<> taken;
  auto note = [&](DictionaryAttr attributes) {
    auto dims = attributes ? attributes.getAs<ArrayAttr>("onnx.dims") : nullptr;
    for (Attribute dim : dims ? dims.getValue() : ArrayRef<Attribute>())
      if (auto text = dyn_cast<StringAttr>(dim))
        taken.insert(text.getValue());
  };
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    note(function.getArgAttrDict(i));
  std::string name = "max_length";
  for (unsigned i = 1; taken.contains(name); ++i)
    name = "max_length_" + std::to_string(i);
  return name;
}

void Caches::renameDim(bool ofResult, unsigned index, int64_t axis,
                       StringAttr name) {
  auto dims = ofResult
                  ? function.getResultAttrOfType<ArrayAttr>(index, "onnx.dims")
                  : function.getArgAttrOfType<ArrayAttr>(index, "onnx.dims");
  SmallVector<Attribute> renamed;
  if (dims)
    renamed.assign(dims.begin(), dims.end());
  auto type =
      cast<RankedTensorType>(ofResult ? function.getResultTypes()[index]
                                      : function.getArgumentTypes()[index]);
  renamed.resize(type.getRank(), StringAttr::get(function.getContext(), ""));
  renamed[axis] = name;
  auto attribute = ArrayAttr::get(function.getContext(), renamed);
  if (ofResult)
    function.setResultAttr(index, "onnx.dims", attribute);
  else
    function.setArgAttr(index, "onnx.dims", attribute);
}

void Caches::finish() {
  if (caches.empty())
    return;
  // The dims stand at the top of the function, and now it stands above them.
  for (Operation *op = length.getDefiningOp(); op;) {
    op->moveBefore(&function.getBody().front(),
                   function.getBody().front().begin());
    op = op->getNumOperands() ? op->getOperands().back().getDefiningOp()
                              : nullptr;
  }
  for (auto &[op, cache] : caches)
    for (Operation *user :
         llvm::make_early_inc_range(cache.buffer.getUsers())) {
      auto dim = dyn_cast<tensor::DimOp>(user);
      if (dim && dim.getConstantIndex() == cache.axis &&
          !capacities.contains(dim)) {
        dim.replaceAllUsesWith(length);
        dim.erase();
      }
    }
  auto name = StringAttr::get(function.getContext(), freeDimName());
  for (auto &[op, cache] : caches) {
    renameDim(/*ofResult=*/false, cache.buffer.getArgNumber(), cache.axis,
              name);
    renameDim(/*ofResult=*/true, cache.result, cache.axis, name);
  }
}
