//===- ScaleAbsorbingTest.cpp - factors folded into constants -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"
#include "qopt/Dialect/QOpt/IR/QOptInterfaces.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/WeightData.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::qopt;

namespace {

class ScaleAbsorbingTest : public testing::Test {
protected:
  ScaleAbsorbingTest() {
    DialectRegistry registry;
    registry.insert<onnx::ONNXDialect, func::FuncDialect>();
    registerONNXInterfaces(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  /// The op before the terminator of a function with this body.
  ScaleAbsorbingOpInterface parse(StringRef body) {
    std::string text =
        "func.func @main(%x: tensor<?x2xf32>, %y: tensor<?x1xf32>, "
        "%d: tensor<2xf32>, %n: tensor<?x?xf32>) {\n" +
        body.str() + "\nreturn\n}\n";
    module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return {};
    auto function = *module->getOps<func::FuncOp>().begin();
    Block &block = function.getBody().front();
    return dyn_cast<ScaleAbsorbingOpInterface>(*std::prev(block.end(), 2));
  }

  std::string reason(StringRef body) {
    ScaleAbsorbingOpInterface op = parse(body);
    std::string why;
    EXPECT_TRUE(op);
    EXPECT_FALSE(op.canAbsorbScale(why));
    return why;
  }

  std::vector<float> absorb(StringRef body, unsigned operand) {
    ScaleAbsorbingOpInterface op = parse(body);
    std::string why;
    EXPECT_TRUE(op && op.canAbsorbScale(why)) << why;
    OpBuilder builder(op);
    op.absorbScale(builder, {2.0f, 10.0f});
    EXPECT_TRUE(succeeded(verify(*module)));
    ElementsAttr value;
    EXPECT_TRUE(matchPattern(op->getOperand(operand), m_Constant(&value)));
    FloatData data = *FloatData::get(value);
    std::vector<float> result;
    for (int64_t i = 0; i < data.size(); ++i)
      result.push_back(data[i]);
    return result;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

constexpr char gain[] = "%g = onnx.Constant {value = dense<[1.0, 3.0]> : "
                        "tensor<2xf32>} : tensor<2xf32>\n";
constexpr char square[] = "%w = onnx.Constant {value = dense<[[1.0, 2.0], "
                          "[3.0, 4.0]]> : tensor<2x2xf32>} : "
                          "tensor<2x2xf32>\n";
constexpr char none[] = "%none = onnx.NoValue\n";
constexpr char single[] =
    "%s = onnx.Constant {value = dense<5.0> : tensor<f32>} : tensor<f32>\n";

using Values = std::vector<float>;

TEST_F(ScaleAbsorbingTest, Norms) {
  std::string rms = std::string(gain) +
                    "%r = onnx.RMSNormalization %x, %g : (tensor<?x2xf32>, "
                    "tensor<2xf32>) -> tensor<?x2xf32>";
  EXPECT_EQ(absorb(rms, 1), (Values{2, 30}));
  std::string layer =
      std::string(gain) +
      "%r:3 = onnx.LayerNormalization %x, %g, %g : (tensor<?x2xf32>, "
      "tensor<2xf32>, tensor<2xf32>) -> (tensor<?x2xf32>, tensor<?x1xf32>, "
      "tensor<?x1xf32>)";
  EXPECT_EQ(absorb(layer, 1), (Values{2, 30}));
  EXPECT_EQ(absorb(layer, 2), (Values{2, 30}));
  EXPECT_EQ(reason("%r = onnx.RMSNormalization %x, %d : (tensor<?x2xf32>, "
                   "tensor<2xf32>) -> tensor<?x2xf32>"),
            "the gain is not an f32 constant");
  EXPECT_EQ(reason(std::string(gain) +
                   "%r = onnx.RMSNormalization %n, %g : (tensor<?x?xf32>, "
                   "tensor<2xf32>) -> tensor<?x?xf32>"),
            "the number of channels is not static");
}

TEST_F(ScaleAbsorbingTest, Products) {
  EXPECT_EQ(absorb(std::string(square) +
                       "%r = onnx.MatMul %x, %w : (tensor<?x2xf32>, "
                       "tensor<2x2xf32>) -> tensor<?x2xf32>",
                   1),
            (Values{2, 20, 6, 40}));
  std::string gemm = std::string(square) + single +
                     "%r = onnx.Gemm %x, %w, %s {transB = 1 : i64} : "
                     "(tensor<?x2xf32>, tensor<2x2xf32>, tensor<f32>) -> "
                     "tensor<?x2xf32>";
  EXPECT_EQ(absorb(gemm, 1), (Values{2, 4, 30, 40}));
  EXPECT_EQ(absorb(gemm, 2), (Values{10, 50}));
  EXPECT_EQ(absorb(std::string(square) + none +
                       "%r = onnx.Gemm %x, %w, %none : (tensor<?x2xf32>, "
                       "tensor<2x2xf32>, none) -> tensor<?x2xf32>",
                   1),
            (Values{2, 20, 6, 40}));
  EXPECT_EQ(reason(std::string(square) +
                   "%r = onnx.Gemm %x, %w, %d : (tensor<?x2xf32>, "
                   "tensor<2x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>"),
            "the bias is not an f32 constant");
}

TEST_F(ScaleAbsorbingTest, Factors) {
  EXPECT_EQ(absorb(std::string(single) +
                       "%r = onnx.Mul %s, %x : (tensor<f32>, tensor<?x2xf32>) "
                       "-> tensor<?x2xf32>",
                   0),
            (Values{10, 50}));
  EXPECT_EQ(reason(std::string(gain) +
                   "%r = onnx.Mul %y, %g : (tensor<?x1xf32>, tensor<2xf32>) -> "
                   "tensor<?x2xf32>"),
            "the other factor does not have all channels");
  EXPECT_EQ(reason(std::string(square) +
                   "%r = onnx.Mul %x, %w : (tensor<?x2xf32>, tensor<2x2xf32>) "
                   "-> tensor<?x2xf32>"),
            "the factor is not one row of the result");
  EXPECT_EQ(reason("%r = onnx.Mul %x, %x : (tensor<?x2xf32>, tensor<?x2xf32>) "
                   "-> tensor<?x2xf32>"),
            "the factor is not an f32 constant");
}

} // namespace
