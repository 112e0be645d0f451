//===- FileTest.cpp - rows P of the bad inputs: file and protobuf ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TestModel.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <random>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace mlir::qopt;
using namespace mlir::qopt::test;

namespace {

/// Small models of different kinds out of ONNX's test data.
std::vector<std::string> seedModels() {
  const char *names[] = {
      "node/test_add/model.onnx",
      "node/test_softmax_axis_0/model.onnx",
      "node/test_constant/model.onnx",
      "node/test_slice_neg/model.onnx",
      "node/test_gemm_all_attributes/model.onnx",
      "node/test_layer_normalization_2d_axis0/model.onnx",
      "node/test_layer_normalization_2d_axis0_expanded/model.onnx",
      "node/test_split_variable_parts_2d/model.onnx",
      "node/test_quantizelinear_axis/model.onnx",
      "pytorch-operator/test_operator_mm/model.onnx"};
  std::vector<std::string> models;
  for (const char *name : names) {
    auto buffer =
        llvm::MemoryBuffer::getFile(llvm::Twine(QOPT_ONNX_TESTDATA "/") + name);
    EXPECT_TRUE(bool(buffer)) << name;
    if (buffer)
      models.push_back((*buffer)->getBuffer().str());
  }
  return models;
}

TEST(File, P01_NoModelAtAll) {
  EXPECT_IMPORT(importBytes(""), ExitInvalid, "empty");
  for (char byte : {'\0', '\x08', 'x'})
    EXPECT_IMPORT(importBytes(llvm::StringRef(&byte, 1)), ExitInvalid, "");
  EXPECT_IMPORT(importBytes(std::string(4096, '\0')), ExitInvalid, "");
  std::mt19937 random(1);
  std::string noise(1 << 20, '\0');
  for (char &byte : noise)
    byte = static_cast<char>(random());
  EXPECT_IMPORT(importBytes(noise), ExitInvalid, "");
}

TEST(File, P02_EveryTruncation) {
  for (const std::string &model : seedModels()) {
    EXPECT_EQ(importBytes(model).status, ExitOk);
    for (size_t size = 0; size < model.size(); ++size)
      EXPECT_EQ(importBytes(llvm::StringRef(model).take_front(size)).status,
                ExitInvalid)
          << size << " of " << model.size() << " bytes";
  }
}

TEST(File, P03_BitFlips) {
  std::mt19937 random(2);
  for (const std::string &model : seedModels()) {
    for (int i = 0; i < 300; ++i) {
      std::string flipped = model;
      flipped[random() % flipped.size()] ^=
          static_cast<char>(1 << random() % 8);
      Outcome outcome = importBytes(flipped);
      EXPECT_TRUE(outcome.status == ExitOk || outcome.status == ExitInvalid ||
                  outcome.status == ExitUnsupported)
          << outcome.message;
    }
  }
}

TEST(File, P04_OtherFormatsAreNamed) {
  const std::pair<std::string, const char *> formats[] = {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
       "Git LFS"},
      {"<!DOCTYPE html><html></html>", "HTML"},
      {"\n  <HTML><body>404</body></HTML>", "HTML"},
      {std::string("PK\3\4\x14\0\0\0", 8), "zip"},
      {std::string("\x1f\x8b\x08\0\0\0", 6), "gzip"},
      {std::string("GGUF\3\0\0\0", 8), "GGUF"},
      {std::string("\x10\0\0\0\0\0\0\0{\"a\":{}}        ", 24), "safetensors"},
      {std::string("\x80\x02}q\0.", 6), "pickle"},
      {std::string("\x18\0\0\0ORTM\0\0\0\0", 12), "ONNX Runtime"},
      {std::string("\x1c\0\0\0TFL3\0\0\0\0", 12), "TFLite"},
      {"{\"graph\": []}", "JSON"},
      {"module {\n}\n", "MLIR text"}};
  for (const auto &[bytes, name] : formats)
    EXPECT_IMPORT(importBytes(bytes), ExitInvalid, name);
}

TEST(File, P05_NotAReadableFile) {
  TempFolder folder;
  EXPECT_IMPORT(importFile(folder.path("missing.onnx")), ExitIO,
                "missing.onnx");
  EXPECT_IMPORT(importFile(folder.path("")), ExitIO, "directory");
  EXPECT_IMPORT(importFile("/dev/zero"), ExitIO, "regular file");
  std::string fifo = folder.path("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_IMPORT(importFile(fifo), ExitIO, "regular file");
  std::string link = folder.path("link");
  ASSERT_EQ(symlink("nowhere", link.c_str()), 0);
  EXPECT_IMPORT(importFile(link), ExitIO, "cannot open");
  std::string socketPath = folder.path("socket");
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  ASSERT_LT(socketPath.size(), sizeof(address.sun_path));
  socketPath.copy(address.sun_path, socketPath.size());
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr *>(&address), sizeof(address)),
            0);
  EXPECT_IMPORT(importFile(socketPath), ExitIO, "");
  close(fd);
  // The superuser reads everything.
  if (geteuid() != 0) {
    std::string secret = folder.write("secret.onnx", reluModel().bytes());
    chmod(secret.c_str(), 0);
    EXPECT_IMPORT(importFile(secret), ExitIO, "cannot open");
  }
}

TEST(File, P06_WireFormat) {
  std::string model = reluModel().bytes();
  // An unknown field of each wire type is ignored.
  std::string unknown = model;
  unknown += std::string("\xc0\x3e\x05", 3);          // 1000: varint
  unknown += std::string("\xc1\x3e", 2) + "12345678"; // 1000: 64 bits
  unknown += std::string("\xc2\x3e\x02", 3) + "ab";   // 1000: bytes
  unknown += std::string("\xc5\x3e", 2) + "1234";     // 1000: 32 bits
  EXPECT_EQ(importBytes(unknown).status, ExitOk);
  // A varint of eleven bytes; a length beyond the file; a wrong wire type.
  EXPECT_EQ(
      importBytes("\x08" + std::string(10, '\xff') + "\x01" + model).status,
      ExitInvalid);
  EXPECT_EQ(importBytes(model + "\x12\x7f").status, ExitInvalid);
  EXPECT_EQ(importBytes("\x3d" + model).status, ExitInvalid);
}

TEST(File, P07_NestedGraphsAndEmptyEntries) {
  for (unsigned depth : {33u, 34u, 200u}) {
    TestModel model;
    model.input("c", Bool, {});
    model.output("y", Float, {});
    pb::GraphProto *graph = &model.graph();
    for (unsigned i = 0; i < depth; ++i) {
      pb::NodeProto *node = graph->add_node();
      node->set_op_type("If");
      node->add_input("c");
      node->add_output(i == 0 ? "y" : "y" + std::to_string(i));
      pb::AttributeProto *branch = node->add_attribute();
      branch->set_name("then_branch");
      branch->set_type(pb::AttributeProto::GRAPH);
      graph = branch->mutable_g();
    }
    int status = model.import().status;
    EXPECT_TRUE(status == ExitInvalid || status == ExitLimit) << status;
  }
  // 50 million empty nodes: two bytes each.
  std::string nodes;
  for (int i = 0; i < 50'000'000; ++i)
    nodes += std::string("\x0a\0", 2);
  std::string length;
  for (size_t rest = nodes.size(); rest != 0; rest >>= 7)
    length += static_cast<char>((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  std::string bytes = reluModel().bytes() + "\x3a" + length + nodes;
  EXPECT_IMPORT(importBytes(bytes), ExitLimit, "nodes");
}

TEST(File, P08_LargerThanProtobufReads) {
  TempFolder folder;
  std::string path = folder.write("big.onnx", "\x08\x08");
  ASSERT_EQ(truncate(path.c_str(), (int64_t(1) << 31) + 4096), 0);
  EXPECT_IMPORT(importFile(path), ExitInvalid, "external data");
}

TEST(File, P09_Versions) {
  const std::pair<int64_t, int> irs[] = {
      {0, ExitInvalid},      {-1, ExitInvalid},    {2, ExitUnsupported},
      {3, ExitOk},           {4, ExitOk},          {13, ExitOk},
      {14, ExitUnsupported}, {99, ExitUnsupported}};
  for (auto [version, status] : irs) {
    TestModel model = reluModel();
    model.proto.set_ir_version(version);
    EXPECT_EQ(model.import().status, status) << "IR " << version;
  }
  TestModel noVersion = reluModel();
  noVersion.proto.clear_ir_version();
  EXPECT_IMPORT(noVersion.import(), ExitInvalid, "ir_version");

  for (int64_t opset = 6; opset <= 27; ++opset)
    EXPECT_EQ(reluModel(opset).import().status, ExitOk) << opset;
  for (int64_t opset : {5, 28, 99})
    EXPECT_IMPORT(reluModel(opset).import(), ExitUnsupported, "opset");
  for (int64_t opset : {0, -3})
    EXPECT_IMPORT(reluModel(opset).import(), ExitInvalid, "opset_import");

  TestModel none = reluModel();
  none.proto.clear_opset_import();
  EXPECT_IMPORT(none.import(), ExitInvalid, "opset_import");
  TestModel twice = reluModel();
  twice.proto.add_opset_import()->set_version(17);
  twice.proto.mutable_opset_import(1)->set_domain("ai.onnx");
  EXPECT_IMPORT(twice.import(), ExitInvalid, "twice");
  TestModel other = reluModel();
  other.proto.mutable_opset_import(0)->set_domain("org.example");
  EXPECT_IMPORT(other.import(), ExitInvalid, "ai.onnx");
  TestModel more = reluModel();
  more.proto.add_opset_import()->set_version(1);
  more.proto.mutable_opset_import(1)->set_domain("org.example");
  EXPECT_EQ(more.import().status, ExitOk);
}

TEST(File, P10_StrangePaths) {
  TempFolder folder;
  for (const char *name : {"with space.onnx", "quote'\".onnx", "new\nline.onnx",
                           "\xff\xfe.onnx", "-leading.onnx"}) {
    std::string path = folder.write(name, reluModel().bytes());
    EXPECT_EQ(importFile(path).status, ExitOk) << name;
    folder.write(name, "no model");
    EXPECT_IMPORT(importFile(path), ExitInvalid, ".onnx");
  }
  EXPECT_IMPORT(importFile(std::string(5000, 'a')), ExitIO, "aaa");
}

} // namespace
