//===- DimMaterializerTest.cpp - dimension expressions as index values ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/Analysis/DimMaterializer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

struct DimMaterializerTest : testing::Test {
  DimMaterializerTest() {
    context.loadDialect<ONNXDialect, func::FuncDialect, arith::ArithDialect,
                        tensor::TensorDialect>();
    module = parseSourceString<ModuleOp>(R"mlir(
      func.func @main(%x: tensor<?x?xf32> {onnx.dims = ["b", "s"]},
                      %m: tensor<?x?xf32> {onnx.dims = ["b", "s + p"]},
                      %k: tensor<2xi64>) {
        %0 = onnx.NonZero %x : (tensor<?x?xf32>) -> tensor<2x?xi64>
        return
      }
    )mlir",
                                         &context);
    function = *module->getOps<func::FuncOp>().begin();
    nonZero = &function.getBody().front().front();
  }

  unsigned countDims() {
    unsigned count = 0;
    function.walk([&](tensor::DimOp) { ++count; });
    return count;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  func::FuncOp function;
  Operation *nonZero;
};

TEST_F(DimMaterializerTest, EntryValuesAreShared) {
  ShapeAnalysis analysis(function);
  ASSERT_TRUE(analysis.isValid());
  DimMaterializer materializer(analysis);
  OpBuilder builder(function.getBody().front().getTerminator());
  Location loc = function.getLoc();
  DimExpr s = *analysis.getSymbols().lookupInput("s");
  DimExpr p = *analysis.getSymbols().lookupInput("p");

  Value sum = materializer.materialize(builder, loc, s * 2 + p + 1);
  EXPECT_EQ(materializer.materialize(builder, loc, s * 2 + p + 1), sum);
  // s is read once, and p is what is left of the dim s + p.
  EXPECT_EQ(countDims(), 2u);
  materializer.materialize(builder, loc,
                           analysis.getSymbols().floorDiv(s + p, 2));
  EXPECT_EQ(countDims(), 2u);
  // All of it stands above the first op of the graph.
  EXPECT_TRUE(sum.getDefiningOp()->isBeforeInBlock(nonZero));
  EXPECT_TRUE(succeeded(verify(*module)));
}

TEST_F(DimMaterializerTest, OpaqueSymbols) {
  ShapeAnalysis analysis(function);
  DimMaterializer materializer(analysis);
  OpBuilder builder(function.getBody().front().getTerminator());
  Location loc = function.getLoc();

  // A size that the data decides is read from the tensor, behind it.
  DimExpr found = analysis.getDim(nonZero->getResult(0), 1);
  Value size = materializer.materialize(builder, loc, found + 1);
  EXPECT_TRUE(nonZero->isBeforeInBlock(size.getDefiningOp()));
  // An element of an input.
  std::optional<ArrayRef<DimExpr>> elements =
      analysis.getElements(function.getArgument(2));
  ASSERT_TRUE(elements);
  Value element = materializer.materialize(builder, loc, (*elements)[1]);
  EXPECT_TRUE(isa<arith::IndexCastOp>(element.getDefiningOp()));
  EXPECT_TRUE(succeeded(verify(*module)));

  // A value that has not been lowered has no size yet.
  materializer.setLookup([](Value) { return Value(); });
  EXPECT_FALSE(materializer.materialize(builder, loc, found));
}

// [b, s] reshaped to [p, -1] with p = 0 must not trap.
TEST_F(DimMaterializerTest, DivisionByZeroIsGuarded) {
  ShapeAnalysis analysis(function);
  DimMaterializer materializer(analysis);
  OpBuilder builder(function.getBody().front().getTerminator());
  DimSymbols &symbols = analysis.getSymbols();
  DimExpr s = *symbols.lookupInput("s"), p = *symbols.lookupInput("p");
  auto divisorOf = [&](const DimExpr &quotient) {
    Value value =
        materializer.materialize(builder, function.getLoc(), quotient);
    return value.getDefiningOp<arith::FloorDivSIOp>().getRhs();
  };
  EXPECT_TRUE(
      divisorOf(symbols.floorDiv(s, p)).getDefiningOp<arith::MaxSIOp>());
  EXPECT_FALSE(
      divisorOf(symbols.floorDiv(s, p + 1)).getDefiningOp<arith::MaxSIOp>());
}

TEST_F(DimMaterializerTest, Constants) {
  ShapeAnalysis analysis(function);
  DimMaterializer materializer(analysis);
  OpBuilder builder(function.getBody().front().getTerminator());
  OpFoldResult folded =
      materializer.materializeFolded(builder, function.getLoc(), 7);
  EXPECT_EQ(getConstantIntValue(folded), 7);
  EXPECT_TRUE(isa<Attribute>(folded));
}

} // namespace
