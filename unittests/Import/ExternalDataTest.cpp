//===- ExternalDataTest.cpp - rows X of the bad inputs: external data -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TestModel.h"
#include "llvm/Support/FileSystem.h"
#include <sys/stat.h>
#include <unistd.h>

using namespace mlir::qopt;
using namespace mlir::qopt::test;

namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

/// Adds an f32 tensor of `count` elements that lies outside the file.
void addExternal(TestModel &model, const std::string &name, int64_t count,
                 const Entries &entries) {
  pb::TensorProto &tensor = model.initializer(name, {count}, {});
  tensor.set_data_location(pb::TensorProto::EXTERNAL);
  for (const auto &[key, value] : entries) {
    pb::StringStringEntryProto *entry = tensor.add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  model.output(name, Float, {count});
}

std::string modelWith(const Entries &entries, int64_t count = 512) {
  TestModel model;
  addExternal(model, "w", count, entries);
  return model.bytes();
}

class ExternalData : public ::testing::Test {
protected:
  /// A folder `m` for models, and one beside it.
  void SetUp() override {
    folder.write("m/w.bin", std::string(8192, 'a'));
    folder.write("outside/w.bin", std::string(8192, 'a'));
  }
  Outcome import(const Entries &entries, ImportOptions options = {}) {
    return importFile(folder.write("m/model.onnx", modelWith(entries)),
                      options);
  }
  Outcome location(const std::string &text, ImportOptions options = {}) {
    return import({{"location", text}}, options);
  }
  void link(const std::string &target, const std::string &name) {
    ASSERT_EQ(symlink(target.c_str(), folder.path(name).c_str()), 0);
  }
  TempFolder folder;
};

TEST_F(ExternalData, Plain) {
  EXPECT_EQ(location("w.bin").status, ExitOk);
  EXPECT_EQ(location("./w.bin").status, ExitOk);
  EXPECT_EQ(import({{"location", "w.bin"}, {"offset", "4"}, {"length", "2048"}})
                .status,
            ExitOk);
}

TEST_F(ExternalData, X01_X03_Locations) {
  EXPECT_IMPORT(location(folder.path("m/w.bin")), ExitInvalid, "absolute");
  EXPECT_IMPORT(location("/etc/passwd"), ExitInvalid, "absolute");
  EXPECT_IMPORT(location("../outside/w.bin"), ExitInvalid, "'..'");
  EXPECT_IMPORT(location(".."), ExitInvalid, "'..'");
  EXPECT_IMPORT(location("a/../../outside/w.bin"), ExitInvalid, "'..'");
  EXPECT_IMPORT(location(""), ExitInvalid, "empty");
}

TEST_F(ExternalData, X04_X05_SymbolicLinks) {
  link("../outside/w.bin", "m/out.bin");
  EXPECT_IMPORT(location("out.bin"), ExitInvalid, "outside the directory");
  link("../outside", "m/sub");
  EXPECT_IMPORT(location("sub/w.bin"), ExitInvalid, "outside the directory");
  link("w.bin", "m/in.bin");
  EXPECT_EQ(location("in.bin").status, ExitOk);
  ImportOptions strict;
  strict.strictExternalData = true;
  EXPECT_IMPORT(location("in.bin", strict), ExitInvalid, "symbolic link");
  link("loop", "m/loop");
  EXPECT_IMPORT(location("loop"), ExitInvalid, "cycle");
}

TEST_F(ExternalData, X06_HardLinks) {
  ASSERT_EQ(::link(folder.path("outside/w.bin").c_str(),
                   folder.path("m/hard.bin").c_str()),
            0);
  EXPECT_EQ(location("hard.bin").status, ExitOk);
  ImportOptions strict;
  strict.strictExternalData = true;
  EXPECT_IMPORT(location("hard.bin", strict), ExitInvalid, "hard link");
  EXPECT_EQ(location("w.bin", strict).status, ExitOk);
}

TEST_F(ExternalData, X07_X08_NotAFile) {
  ASSERT_EQ(mkfifo(folder.path("m/fifo").c_str(), 0600), 0);
  EXPECT_IMPORT(location("fifo"), ExitInvalid, "regular file");
  llvm::sys::fs::create_directory(folder.path("m/directory"));
  EXPECT_IMPORT(location("directory"), ExitInvalid, "regular file");
  EXPECT_IMPORT(location("."), ExitInvalid, "");
  EXPECT_IMPORT(location(std::string("w.bin\0x", 7)), ExitInvalid, "NUL");
  EXPECT_IMPORT(location("w.bin\n"), ExitInvalid, "newline");
}

TEST_F(ExternalData, X09_Numbers) {
  for (const char *key : {"offset", "length"})
    for (const char *value : {"-1", "0x10", "1e3", "18446744073709551616", "",
                              " 8", "8 ", "+8", "08x"})
      EXPECT_IMPORT(import({{"location", "w.bin"}, {key, value}}), ExitInvalid,
                    key);
}

TEST_F(ExternalData, X10_Ranges) {
  EXPECT_IMPORT(import({{"location", "w.bin"}, {"offset", "6145"}}),
                ExitInvalid, "ends beyond");
  EXPECT_IMPORT(
      import({{"location", "w.bin"}, {"offset", "18446744073709551615"}}),
      ExitInvalid, "ends beyond");
  EXPECT_IMPORT(import({{"location", "w.bin"}, {"length", "2044"}}),
                ExitInvalid, "2048");
  // Unaligned offsets are legal.
  EXPECT_EQ(import({{"location", "w.bin"}, {"offset", "3"}}).status, ExitOk);

  auto two = [&](const char *first, const char *second) {
    TestModel model;
    addExternal(model, "a", 512, {{"location", "w.bin"}, {"offset", first}});
    addExternal(model, "b", 512, {{"location", "./w.bin"}, {"offset", second}});
    return importFile(folder.write("m/two.onnx", model.bytes()));
  };
  EXPECT_EQ(two("0", "2048").status, ExitOk);
  EXPECT_EQ(two("2048", "0").status, ExitOk);
  EXPECT_EQ(two("64", "64").status, ExitOk);
  EXPECT_IMPORT(two("0", "2044"), ExitInvalid, "overlaps");
  EXPECT_IMPORT(two("2044", "0"), ExitInvalid, "overlaps");
}

TEST_F(ExternalData, X11_X12_Missing) {
  EXPECT_IMPORT(import({{"offset", "0"}}), ExitInvalid, "without a location");
  EXPECT_IMPORT(location("none.bin"), ExitIO, "none.bin");
  folder.write("m/short.bin", "abc");
  EXPECT_IMPORT(location("short.bin"), ExitInvalid, "ends beyond");
  folder.write("m/empty.bin", "");
  EXPECT_IMPORT(location("empty.bin"), ExitInvalid, "ends beyond");
  EXPECT_IMPORT(import({{"location", "w.bin"}, {"location", "w.bin"}}),
                ExitInvalid, "twice");
}

TEST_F(ExternalData, X13_HuggingFaceCache) {
  folder.write("hub/blobs/111", modelWith({{"location", "w.onnx_data"}}));
  folder.write("hub/blobs/222", std::string(2048, 'a'));
  llvm::sys::fs::create_directories(folder.path("hub/snapshots/abc"));
  link("../../blobs/111", "hub/snapshots/abc/model.onnx");
  link("../../blobs/222", "hub/snapshots/abc/w.onnx_data");
  std::string model = folder.path("hub/snapshots/abc/model.onnx");
  EXPECT_EQ(importFile(model).status, ExitOk);
  link("hub/snapshots/abc", "current");
  EXPECT_EQ(importFile(folder.path("current/model.onnx")).status, ExitOk);
  // The location is never relative to the directory of the real path.
  EXPECT_IMPORT(importFile(folder.path("hub/blobs/111")), ExitIO,
                "w.onnx_data");
  ImportOptions options;
  options.externalDataDir = folder.path("hub/snapshots/abc");
  EXPECT_IMPORT(importFile(folder.path("hub/blobs/111"), options), ExitInvalid,
                "outside the directory");
  folder.write("flat/w.onnx_data", std::string(2048, 'a'));
  options.externalDataDir = folder.path("flat");
  EXPECT_EQ(importFile(folder.path("hub/blobs/111"), options).status, ExitOk);
}

TEST_F(ExternalData, X14_OverlapBomb) {
  TestModel model;
  for (int i = 0; i < 1000; ++i)
    addExternal(model, "w" + std::to_string(i), 512, {{"location", "big.bin"}});
  folder.write("m/big.bin", std::string(2048, 'a'));
  EXPECT_IMPORT(importFile(folder.write("m/bomb.onnx", model.bytes())),
                ExitLimit, "times over");
}

TEST_F(ExternalData, KeysThatONNXDoesNotDefine) {
  Outcome outcome = import({{"location", "w.bin"},
                            {"checksum", "0"},
                            {"basepath", "/tmp"},
                            {"__class__", "x"}});
  EXPECT_EQ(outcome.status, ExitOk);
  ASSERT_EQ(outcome.warnings.size(), 1u);
  EXPECT_NE(outcome.warnings[0].find("__class__"), std::string::npos);
}

TEST_F(ExternalData, TheHashCoversIt) {
  auto hashOf = [&] {
    std::string module = location("w.bin").module;
    return module.substr(module.find("source_sha256"), 90);
  };
  std::string first = hashOf();
  EXPECT_EQ(hashOf(), first);
  folder.write("m/w.bin", std::string(8192, 'b'));
  EXPECT_NE(hashOf(), first);
}

} // namespace
