//===- AtomicFileTest.cpp - the output path holds old or new, whole -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/AtomicFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include "gtest/gtest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;
using namespace mlir::qopt;

namespace {

class AtomicFileTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createUniqueDirectory("qopt-test", directory));
  }
  void TearDown() override { sys::fs::remove_directories(directory); }

  std::string at(StringRef name) {
    SmallString<128> path = directory;
    sys::path::append(path, name);
    return std::string(path);
  }
  void put(StringRef name, StringRef text) {
    int fd = ::open(at(name).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ASSERT_GE(fd, 0);
    EXPECT_FALSE(writeResult(fd, text));
    ::close(fd);
  }
  std::string get(StringRef name) {
    auto buffer = MemoryBuffer::getFile(at(name));
    return buffer ? (*buffer)->getBuffer().str() : "(absent)";
  }
  unsigned count() {
    unsigned entries = 0;
    std::error_code ec;
    for (sys::fs::directory_iterator it(directory, ec), end; it != end;
         it.increment(ec))
      ++entries;
    return entries;
  }

  SmallString<128> directory;
};

TEST_F(AtomicFileTest, NothingAppearsBeforeCommit) {
  put("out", "old");
  {
    Expected<AtomicFile> file = AtomicFile::create(at("out"));
    ASSERT_TRUE(bool(file));
    EXPECT_FALSE(writeResult(file->getFd(), "new"));
    EXPECT_EQ(get("out"), "old");
    EXPECT_EQ(count(), 2u);
  }
  EXPECT_EQ(get("out"), "old");
  EXPECT_EQ(count(), 1u);
}

TEST_F(AtomicFileTest, CommitReplacesAndSetsTheMode) {
  put("out", "old");
  Expected<AtomicFile> file = AtomicFile::create(at("out"));
  ASSERT_TRUE(bool(file));
  EXPECT_FALSE(writeResult(file->getFd(), "new"));
  mode_t mask = ::umask(022);
  EXPECT_FALSE(bool(file->commit(0777)));
  ::umask(mask);
  EXPECT_EQ(get("out"), "new");
  EXPECT_EQ(count(), 1u);
  struct stat status;
  ASSERT_EQ(::stat(at("out").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0755u);
}

TEST_F(AtomicFileTest, SweepsTheTemporariesOfTheDead) {
  // No process has this number: the kernel's highest is 4194304.
  put(".out.qopt-4999999-00000000", "left behind");
  put((".out.qopt-" + Twine(::getpid()) + "-00000000").str(), "alive");
  put(".other.qopt-4999999-00000000", "of another output");
  put(".out.qopt-mine", "no pid");
  {
    Expected<AtomicFile> file = AtomicFile::create(at("out"));
    ASSERT_TRUE(bool(file));
  }
  EXPECT_EQ(get(".out.qopt-4999999-00000000"), "(absent)");
  EXPECT_EQ(count(), 3u);
}

TEST_F(AtomicFileTest, RefusesWhatIsNoFile) {
  Expected<AtomicFile> onDirectory = AtomicFile::create(directory);
  EXPECT_EQ(toString(onDirectory.takeError()), "is a directory");
  Expected<AtomicFile> onDevice = AtomicFile::create("/dev/null");
  EXPECT_EQ(toString(onDevice.takeError()), "is not a regular file");
  Expected<AtomicFile> nowhere = AtomicFile::create(at("absent/out"));
  EXPECT_FALSE(bool(nowhere));
  consumeError(nowhere.takeError());
}

TEST_F(AtomicFileTest, ALinkIsReplacedOnlyWhenAllowed) {
  put("target", "old");
  ASSERT_EQ(::symlink(at("target").c_str(), at("link").c_str()), 0);
  Expected<AtomicFile> refused = AtomicFile::create(at("link"));
  EXPECT_NE(toString(refused.takeError()).find("symbolic link"),
            std::string::npos);

  Expected<AtomicFile> file = AtomicFile::create(at("link"), true);
  ASSERT_TRUE(bool(file));
  EXPECT_FALSE(writeResult(file->getFd(), "new"));
  EXPECT_FALSE(bool(file->commit(0666)));
  EXPECT_EQ(get("target"), "new");
  bool isLink = false;
  EXPECT_FALSE(sys::fs::is_symlink_file(at("link"), isLink));
  EXPECT_TRUE(isLink);
}

TEST_F(AtomicFileTest, ALongNameStillHasATemporary) {
  std::string name(250, 'n');
  Expected<AtomicFile> file = AtomicFile::create(at(name));
  ASSERT_TRUE(bool(file));
  EXPECT_FALSE(writeResult(file->getFd(), "x"));
  EXPECT_FALSE(bool(file->commit(0666)));
  EXPECT_EQ(get(name), "x");
}

TEST_F(AtomicFileTest, AFailingWriteIsReported) {
  int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  EXPECT_EQ(writeResult(full, "x"), std::errc::no_space_on_device);
  ::close(full);
}

} // namespace
