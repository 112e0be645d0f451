//===- Einsum.cpp - ONNX Einsum -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One linalg.generic with a loop per letter: those of the result are parallel,
// the others are summed over. A letter that occurs twice in one operand reads
// its diagonal. The dims behind `...` are letters that broadcast.
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"

using namespace mlir;
using namespace mlir::qopt;

namespace {
/// An equation with the dots written out. Letters are characters; dim i of the
/// dots, counted from the right, is -1 - i.
struct Equation {
  SmallVector<SmallVector<int>> operands;
  SmallVector<int> result;
};
} // namespace

static SmallVector<int> parseTerm(StringRef term, int64_t dots) {
  SmallVector<int> letters;
  for (size_t i = 0; i < term.size(); ++i) {
    if (term[i] == '.') {
      for (int64_t dim = dots; dim > 0; --dim)
        letters.push_back(-dim);
      i += 2;
    } else if (term[i] != ' ') {
      letters.push_back(term[i]);
    }
  }
  return letters;
}

/// Without `->`: the dots, then the letters that occur once, sorted.
static SmallVector<int> impliedResult(const Equation &equation, int64_t dots) {
  std::map<int, int> counts;
  for (ArrayRef<int> operand : equation.operands)
    for (int letter : operand)
      ++counts[letter];
  SmallVector<int> result;
  for (int64_t dim = dots; dim > 0; --dim)
    result.push_back(-dim);
  for (auto [letter, count] : counts)
    if (letter >= 0 && count == 1)
      result.push_back(letter);
  return result;
}

static FailureOr<Equation> parse(onnx::EinsumOp op, Lowering &l) {
  auto [left, right] = op.getEquation().split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != op.getInputs().size())
    return l.fail("the equation names " + Twine(terms.size()) + " operands");
  Equation equation;
  int64_t dots = 0;
  SmallVector<int64_t> own;
  for (auto [term, input] : llvm::zip(terms, op.getInputs())) {
    int64_t named =
        llvm::count_if(term, [](char c) { return c != '.' && c != ' '; });
    own.push_back(term.contains('.') ? l.rankOf(input) - named : 0);
    if (own.back() < 0 || (!term.contains('.') && named != l.rankOf(input)))
      return l.fail("the equation does not fit the rank of an operand");
    dots = std::max(dots, own.back());
  }
  for (auto [term, count] : llvm::zip(terms, own))
    equation.operands.push_back(parseTerm(term, count));
  equation.result = op.getEquation().contains("->")
                        ? parseTerm(right, dots)
                        : impliedResult(equation, dots);
  return equation;
}

static LogicalResult lowerEinsum(onnx::EinsumOp op, Lowering &l) {
  auto equation = parse(op, l);
  if (failed(equation))
    return failure();
  Value result = op.getOutput();
  // Loops: the result's letters in order, then the others.
  SmallVector<int> loops(equation->result);
  // For each loop the operand dim that gives its size.
  std::map<int, std::pair<Value, int64_t>> sizes;
  for (auto [letters, input] : llvm::zip(equation->operands, op.getInputs()))
    for (auto [i, letter] : llvm::enumerate(letters)) {
      if (!llvm::is_contained(loops, letter))
        loops.push_back(letter);
      auto [it, isNew] = sizes.try_emplace(letter, input, i);
      const onnx::DimExpr &have = l.expr(input, i);
      if (isNew || have.isConstant(1))
        continue;
      auto [other, j] = it->second;
      if (l.expr(other, j).isConstant(1))
        it->second = {input, int64_t(i)};
      else if (failed(l.requireEqual(input, i, other, j, "dims of a letter")))
        return failure();
    }
  for (int letter : equation->result)
    if (!sizes.count(letter))
      return l.fail("a letter of the result is in no operand");

  MLIRContext *context = l.b.getContext();
  int64_t count = loops.size();
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (auto [letters, input] : llvm::zip(equation->operands, op.getInputs())) {
    SmallVector<AffineExpr> exprs;
    for (auto [i, letter] : llvm::enumerate(letters)) {
      auto [whole, j] = sizes[letter];
      bool one =
          l.expr(input, i).isConstant(1) && !l.expr(whole, j).isConstant(1);
      exprs.push_back(
          one ? getAffineConstantExpr(0, context)
              : getAffineDimExpr(llvm::find(loops, letter) - loops.begin(),
                                 context));
    }
    inputs.push_back(l.get(input));
    maps.push_back(AffineMap::get(count, 0, exprs, context));
  }
  int64_t outer = equation->result.size();
  SmallVector<OpFoldResult> dims;
  for (int letter : equation->result)
    dims.push_back(l.dim(sizes[letter].first, sizes[letter].second));
  SmallVector<utils::IteratorType> iterators = parallelLoops(outer);
  iterators.append(count - outer, utils::IteratorType::reduction);
  maps.push_back(
      mapOnto(context, count, llvm::to_vector(llvm::seq<int64_t>(0, outer))));

  Type element = l.typeOf(result).getElementType(), type = computeType(element);
  bool isFloat = isa<FloatType>(type);
  auto flags = arith::FastMathFlagsAttr::get(
      context, arith::FastMathFlags::reassoc | arith::FastMathFlags::contract);
  Value sum =
      l.generic(
           inputs, l.filled(dims, l.number(type, 0)), maps, iterators,
           [&](ImplicitLocOpBuilder &b, ValueRange a) -> SmallVector<Value> {
             Value product;
             for (Value factor : a.drop_back()) {
               if (isFloat)
                 factor = extendHalf(b, factor);
               if (!product)
                 product = factor;
               else if (isFloat)
                 product = arith::MulFOp::create(b, product, factor, flags);
               else
                 product = arith::MulIOp::create(b, product, factor);
             }
             if (isFloat)
               return {arith::AddFOp::create(b, a.back(), product, flags)};
             return {arith::AddIOp::create(b, a.back(), product)};
           })
          .front();
  l.set(result, isFloat ? convertTensor(l, sum, element) : sum);
  return success();
}

void qopt::registerEinsum(Registry &registry) { registry.add(lowerEinsum); }
