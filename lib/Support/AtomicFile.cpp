//===- AtomicFile.cpp - a file that appears complete or not at all --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/AtomicFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <random>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;

namespace mlir::qopt {

static std::error_code lastError() {
  return std::error_code(errno, std::generic_category());
}

static Error ioError(std::error_code ec, const Twine &what) {
  return createStringError(ec, what + ": " + ec.message());
}

/// `.<name>.qopt-`: what the temporaries of one output have in common. The name
/// is cut so that the whole stays within NAME_MAX.
static std::string tempPrefix(StringRef name) {
  return ("." + name.take_front(200) + ".qopt-").str();
}

/// Removes the temporaries of `prefix` whose process no longer exists.
static void sweepStale(StringRef directory, StringRef prefix) {
  std::error_code ec;
  for (sys::fs::directory_iterator it(directory, ec), end; !ec && it != end;
       it.increment(ec)) {
    StringRef name = sys::path::filename(it->path());
    if (!name.consume_front(prefix))
      continue;
    pid_t pid = 0;
    if (name.split('-').first.getAsInteger(10, pid) || pid <= 0)
      continue;
    if (::kill(pid, 0) != 0 && errno == ESRCH)
      ::unlink(it->path().c_str());
  }
}

Expected<AtomicFile> AtomicFile::create(StringRef path, bool followLink) {
  AtomicFile file;
  file.path = path.str();

  struct stat status;
  if (::lstat(file.path.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
    SmallString<256> target;
    if (std::error_code ec = sys::fs::real_path(path, target))
      return ioError(ec, "cannot resolve the symbolic link");
    if (!followLink)
      return createStringError(std::make_error_code(std::errc::file_exists),
                               "is a symbolic link to '" + target +
                                   "'; --force replaces its target");
    file.path = std::string(target);
  }
  if (::stat(file.path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    return createStringError(std::make_error_code(std::errc::file_exists),
                             S_ISDIR(status.st_mode) ? "is a directory"
                                                     : "is not a regular file");

  file.directory = sys::path::parent_path(file.path).str();
  if (file.directory.empty())
    file.directory = ".";
  StringRef name = sys::path::filename(file.path);
  if (name.empty() || name == "." || name == "..")
    return createStringError(std::make_error_code(std::errc::is_a_directory),
                             "is a directory");
  std::string prefix = tempPrefix(name);
  sweepStale(file.directory, prefix);

  std::random_device random;
  for (int attempt = 0; attempt < 16; ++attempt) {
    file.tempPath = formatv("{0}/{1}{2}-{3:x-8}", file.directory, prefix,
                            ::getpid(), unsigned(random()));
    file.fd = ::open(file.tempPath.c_str(),
                     O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file.fd >= 0)
      return std::move(file);
    if (errno != EEXIST)
      break;
  }
  return ioError(lastError(),
                 "cannot create a file in '" + file.directory + "'");
}

AtomicFile::AtomicFile(AtomicFile &&other) noexcept
    : path(std::move(other.path)), directory(std::move(other.directory)),
      tempPath(std::move(other.tempPath)), fd(other.fd) {
  other.fd = -1;
}

AtomicFile::~AtomicFile() {
  if (fd < 0)
    return;
  ::close(fd);
  ::unlink(tempPath.c_str());
}

Error AtomicFile::commit(unsigned mode) {
  mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(fd, mode & ~mask) != 0)
    return ioError(lastError(), "cannot set its permissions");
  if (::fsync(fd) != 0)
    return ioError(lastError(), "cannot write");
  if (::rename(tempPath.c_str(), path.c_str()) != 0)
    return ioError(lastError(), "cannot replace");
  // From here on the file is in place: only a failing close is left to report,
  // and the directory entry is made durable as far as the system allows.
  int result = ::close(fd);
  fd = -1;
  int dir = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir >= 0) {
    ::fsync(dir);
    ::close(dir);
  }
  if (result != 0)
    return ioError(lastError(), "cannot close");
  return Error::success();
}

std::error_code writeResult(int fd, StringRef bytes) {
  off_t position = ::lseek(fd, 0, SEEK_CUR);
  if (position >= 0 && !bytes.empty()) {
    // Pipes and some file systems cannot reserve; the writes below still check.
    int result = ::posix_fallocate(fd, position, bytes.size());
    if (result == ENOSPC || result == EFBIG || result == EIO)
      return std::error_code(result, std::generic_category());
  }
  while (!bytes.empty()) {
    ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR)
        continue;
      return lastError();
    }
    bytes = bytes.drop_front(written);
  }
  return {};
}

} // namespace mlir::qopt
