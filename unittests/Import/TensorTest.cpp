//===- TensorTest.cpp - rows T of the bad inputs: tensors -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TestModel.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/MLIRContext.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::test;

namespace {

/// A model whose one output is the tensor.
TestModel tensorModel(const pb::TensorProto &tensor) {
  TestModel model;
  model.output("w", tensor.data_type(), {});
  model.graph()
      .mutable_output(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->clear_shape();
  *model.graph().add_initializer() = tensor;
  model.graph().mutable_initializer(0)->set_name("w");
  return model;
}

pb::TensorProto tensor(int dataType, std::vector<int64_t> dims) {
  pb::TensorProto proto;
  proto.set_data_type(dataType);
  for (int64_t dim : dims)
    proto.add_dims(dim);
  return proto;
}

Outcome importTensor(const pb::TensorProto &proto) {
  return tensorModel(proto).import();
}

TEST(Tensor, T01_Dims) {
  for (const std::vector<int64_t> &dims :
       {std::vector<int64_t>{int64_t(1) << 32, int64_t(1) << 32},
        std::vector<int64_t>{INT64_MAX, 2}, std::vector<int64_t>{-1},
        std::vector<int64_t>{int64_t(1) << 40, int64_t(1) << 40, 0},
        std::vector<int64_t>{2, -3}, std::vector<int64_t>(9, 1),
        std::vector<int64_t>(1000, 1)})
    EXPECT_IMPORT(importTensor(tensor(Float, dims)), ExitInvalid,
                  "initializer 'w'");
}

TEST(Tensor, T02_Bytes) {
  EXPECT_IMPORT(importTensor(tensor(Float, {int64_t(1) << 61})), ExitInvalid,
                "overflows");
  EXPECT_IMPORT(importTensor(tensor(Int8, {int64_t(1) << 61})), ExitInvalid,
                "no bytes of data");
}

TEST(Tensor, T03_Values) {
  for (size_t size : {0, 4, 7, 9, 12}) {
    pb::TensorProto raw = tensor(Float, {2});
    raw.set_raw_data(std::string(size, 'a'));
    EXPECT_IMPORT(importTensor(raw), ExitInvalid, "need 8");
  }
  pb::TensorProto two = tensor(Float, {1});
  two.set_raw_data("1234");
  two.add_float_data(1);
  EXPECT_IMPORT(importTensor(two), ExitInvalid, "two fields");
  pb::TensorProto few = tensor(Float, {2});
  few.add_float_data(1);
  EXPECT_IMPORT(importTensor(few), ExitInvalid, "1 values");
  pb::TensorProto wrong = tensor(Float, {1});
  wrong.add_int64_data(1);
  EXPECT_IMPORT(importTensor(wrong), ExitInvalid, "int64_data");
  EXPECT_IMPORT(importTensor(tensor(Float, {1})), ExitInvalid, "no bytes");
  EXPECT_EQ(importTensor(tensor(Float, {0, 4})).status, ExitOk);
  pb::TensorProto wide = tensor(UInt8, {1});
  wide.add_int32_data(256);
  EXPECT_IMPORT(importTensor(wide), ExitInvalid, "256");
}

TEST(Tensor, T04_DataTypes) {
  for (int type : {0, 27, 99, -1})
    EXPECT_IMPORT(importTensor(tensor(type, {1})), ExitInvalid, "'w'");
  for (int type : {8, 14, 15}) {
    pb::TensorProto proto = tensor(type, {3});
    proto.set_raw_data("ab");
    EXPECT_IMPORT(importTensor(proto), ExitUnsupported, "'w'");
  }
}

/// Elements of 4 and 2 bits are packed, the first in the low bits.
TEST(Tensor, PackedElements) {
  auto raw = [](int type, int64_t count, std::string bytes) {
    pb::TensorProto proto = tensor(type, {count});
    proto.set_raw_data(bytes);
    return importTensor(proto);
  };
  EXPECT_TRUE(
      raw(22, 3, "\xf1\x08").contains("dense<[1, -1, -8]> : tensor<3xi4>"));
  EXPECT_TRUE(
      raw(21, 3, "\xf1\x08").contains("dense<[1, 15, 8]> : tensor<3xui4>"));
  EXPECT_TRUE(raw(26, 5, "\x39\x02")
                  .contains("dense<[1, -2, -1, 0, -2]> : tensor<5xi2>"));
  EXPECT_TRUE(raw(25, 5, "\x39\x02")
                  .contains("dense<[1, 2, 3, 0, 2]> : tensor<5xui2>"));
  EXPECT_TRUE(
      raw(23, 2, "\x27")
          .contains(
              "dense<[6.000000e+00, 1.000000e+00]> : tensor<2xf4E2M1FN>"));
  for (size_t size : {0, 1, 3})
    EXPECT_IMPORT(raw(22, 3, std::string(size, 'a')), ExitInvalid, "need 2");

  // An entry of int32_data is a byte.
  pb::TensorProto typed = tensor(22, {3});
  typed.add_int32_data(0xf1);
  EXPECT_IMPORT(importTensor(typed), ExitInvalid, "1 values in int32_data");
  typed.add_int32_data(0x08);
  EXPECT_TRUE(importTensor(typed).contains("dense<[1, -1, -8]>"));
  typed.set_int32_data(0, 256);
  EXPECT_IMPORT(importTensor(typed), ExitInvalid, "256 does not fit");
  // In a blob there is one byte per element.
  EXPECT_TRUE(raw(22, 2048, std::string(1024, '\xf1'))
                  .contains("dense_resource<w> : tensor<2048xi4>"));
}

TEST(Tensor, EightBitFloats) {
  const std::pair<int, const char *> types[] = {{17, "f8E4M3FN"},
                                                {18, "f8E4M3FNUZ"},
                                                {19, "f8E5M2"},
                                                {20, "f8E5M2FNUZ"},
                                                {24, "f8E8M0FNU"}};
  for (auto [type, name] : types) {
    pb::TensorProto proto = tensor(type, {2});
    proto.set_raw_data("@A");
    Outcome outcome = importTensor(proto);
    EXPECT_TRUE(outcome.contains("tensor<2x" + std::string(name) + ">"))
        << outcome.message;
    pb::TensorProto typed = tensor(type, {2});
    typed.add_int32_data('@');
    typed.add_int32_data('A');
    // The modules differ in the hash of their files.
    auto body = [](const Outcome &from) {
      return from.module.substr(from.module.find("func.func"));
    };
    EXPECT_EQ(body(importTensor(typed)), body(outcome));
  }
}

TEST(Tensor, TypedFieldsOfEveryType) {
  pb::TensorProto narrow = tensor(Int8, {2});
  narrow.add_int32_data(-128);
  narrow.add_int32_data(127);
  EXPECT_TRUE(
      importTensor(narrow).contains("dense<[-128, 127]> : tensor<2xi8>"));
  narrow.set_data_type(UInt8);
  narrow.set_int32_data(0, 255);
  EXPECT_TRUE(
      importTensor(narrow).contains("dense<[255, 127]> : tensor<2xui8>"));
  narrow.set_data_type(4);
  narrow.set_int32_data(0, 65535);
  EXPECT_TRUE(importTensor(narrow).contains("[65535, 127]> : tensor<2xui16>"));
  narrow.set_data_type(Half);
  narrow.set_int32_data(0, 0x3c00);
  narrow.set_int32_data(1, 0xc000);
  EXPECT_TRUE(importTensor(narrow).contains(
      "dense<[1.000000e+00, -2.000000e+00]> : tensor<2xf16>"));
  narrow.set_data_type(16);
  narrow.set_int32_data(0, 0x3f80);
  EXPECT_TRUE(importTensor(narrow).contains("dense<[1.000000e+00, "));
  narrow.set_data_type(Bool);
  narrow.set_int32_data(0, 1);
  narrow.set_int32_data(1, 0);
  EXPECT_TRUE(importTensor(narrow).contains("[true, false]> : tensor<2xi1>"));
  pb::TensorProto wide = tensor(12, {1});
  wide.add_uint64_data(4294967295u);
  EXPECT_TRUE(
      importTensor(wide).contains("dense<4294967295> : tensor<1xui32>"));
  wide.set_data_type(13);
  wide.set_uint64_data(0, UINT64_MAX);
  EXPECT_TRUE(
      importTensor(wide).contains("<18446744073709551615> : tensor<1xui64>"));
  pb::TensorProto real = tensor(11, {1});
  real.add_double_data(0.5);
  EXPECT_TRUE(
      importTensor(real).contains("dense<5.000000e-01> : tensor<1xf64>"));
  pb::TensorProto raw = tensor(Bool, {3});
  raw.set_raw_data(std::string("\0\1\2", 3));
  EXPECT_TRUE(importTensor(raw).contains("[false, true, true]>"));
}

TEST(Tensor, LargeOnesAreBlobs) {
  TempFolder folder;
  pb::TensorProto proto = tensor(Float, {16, 16});
  std::vector<float> values(256);
  for (unsigned i = 0; i < 256; ++i)
    values[i] = i;
  proto.set_raw_data(
      std::string(reinterpret_cast<char *>(values.data()), 1024));
  MLIRContext context(MLIRContext::Threading::DISABLED);
  ImportError error;
  OwningOpRef<ModuleOp> module = importModel(
      folder.write("m.onnx", tensorModel(proto).bytes()), context, {}, error);
  ASSERT_TRUE(module) << error.message;
  unsigned found = 0;
  module->walk([&](mlir::onnx::ConstantOp op) {
    auto resource = dyn_cast<DenseF32ResourceElementsAttr>(op.getValue());
    ASSERT_TRUE(resource);
    ASSERT_TRUE(resource.tryGetAsArrayRef());
    EXPECT_EQ(*resource.tryGetAsArrayRef(), ArrayRef<float>(values));
    ++found;
  });
  EXPECT_EQ(found, 1u);

  pb::TensorProto bools = tensor(Bool, {1024});
  bools.set_raw_data(std::string(1024, '\2'));
  TestModel boolModel = tensorModel(bools);
  module = importModel(folder.write("b.onnx", boolModel.bytes()), context, {},
                       error);
  ASSERT_TRUE(module) << error.message;
  module->walk([&](mlir::onnx::ConstantOp op) {
    auto resource = dyn_cast<DenseResourceElementsAttr>(op.getValue());
    ASSERT_TRUE(resource);
    ArrayRef<char> data = resource.getRawHandle().getBlob()->getData();
    EXPECT_EQ(data.size(), 1024u);
    EXPECT_TRUE(llvm::all_of(data, [](char byte) { return byte == 1; }));
  });
}

} // namespace
