//===- NpzTest.cpp - archives, damaged and hostile ones too ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/Npz.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"

#include "gtest/gtest.h"

#include <fstream>
#include <zip.h>

using namespace llvm;
using namespace mlir::qopt;

namespace {

class NpzTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createTemporaryFile("qopt-test", "npz", path));
    sys::fs::remove(path);
  }
  void TearDown() override { sys::fs::remove(path); }

  void
  make(std::initializer_list<std::pair<const char *, std::string>> members) {
    zip_t *archive = ::zip_open(path.c_str(), ZIP_CREATE, nullptr);
    ASSERT_NE(archive, nullptr);
    for (const auto &[name, bytes] : members)
      ASSERT_GE(::zip_file_add(
                    archive, name,
                    ::zip_source_buffer(archive, bytes.data(), bytes.size(), 0),
                    0),
                0);
    ASSERT_EQ(::zip_close(archive), 0);
  }
  std::string openError(const NpzLimits &limits = {}) {
    Expected<NpzArchive> archive = NpzArchive::open(path, limits);
    return archive ? "" : toString(archive.takeError());
  }

  SmallString<128> path;
};

TEST_F(NpzTest, ReadsMembers) {
  make({{"a.npy", "first"}, {"b.npy", std::string(100000, 'z')}});
  Expected<NpzArchive> archive = NpzArchive::open(path);
  ASSERT_TRUE(bool(archive));
  EXPECT_EQ(archive->getNames(), (std::vector<std::string>{"a", "b"}));
  auto a = archive->read("a");
  ASSERT_TRUE(bool(a));
  EXPECT_EQ((*a)->getBuffer(), "first");
  auto b = archive->read("b");
  ASSERT_TRUE(bool(b));
  EXPECT_EQ((*b)->getBufferSize(), 100000u);
  EXPECT_EQ(toString(archive->read("c").takeError()), "holds no array 'c'");
}

TEST_F(NpzTest, RefusesWhatIsNoArray) {
  make({{"a.npz", "nested"}});
  EXPECT_EQ(openError(), "'a.npz' is not an npy array");
  sys::fs::remove(path);
  std::ofstream(path.c_str()) << "plain text";
  EXPECT_EQ(openError(), "is not an npz archive");
}

TEST_F(NpzTest, RefusesBombs) {
  make({{"a.npy", std::string(1 << 20, '\0')}});
  NpzLimits ratio;
  ratio.freeBytes = 1000;
  EXPECT_EQ(openError(ratio),
            "'a.npy' unpacks to more than 256 times its size");
  NpzLimits total;
  total.totalBytes = 1 << 19;
  EXPECT_EQ(openError(total),
            "'a.npy': the archive unpacks to more than 512 KiB");
}

TEST_F(NpzTest, FindsDamage) {
  std::string bytes;
  for (int i = 0; i < 4000; ++i)
    bytes += char(i * i * 7 % 251);
  make({{"a.npy", bytes}});
  {
    std::fstream file(path.c_str(),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(200);
    file.put('\x55').put('\x55').put('\x55');
  }
  Expected<NpzArchive> archive = NpzArchive::open(path);
  ASSERT_TRUE(bool(archive));
  EXPECT_EQ(toString(archive->read("a").takeError()), "'a' is damaged");
}

TEST_F(NpzTest, AMissingFileIsReported) {
  EXPECT_EQ(openError(), "cannot be read");
}

} // namespace
