//===- AtomicFile.h - a file that appears complete or not at all ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Output goes to a temporary in the output's own directory (the same file
// system, so that rename is atomic), is written with every result checked, and
// takes the output's name only when it is complete and on disk. Whatever
// happens before that leaves the old file as it was.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_ATOMICFILE_H
#define QOPT_SUPPORT_ATOMICFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <system_error>

namespace mlir::qopt {

class AtomicFile {
public:
  /// Creates `.<name>.qopt-<pid>-<random>` beside `path` and removes the
  /// temporaries that dead processes left for the same name. Refuses a `path`
  /// that exists and is not a regular file; a symbolic link is followed to its
  /// target with `followLink`, and refused without.
  static llvm::Expected<AtomicFile> create(llvm::StringRef path,
                                           bool followLink = false);

  AtomicFile(AtomicFile &&other) noexcept;
  AtomicFile &operator=(AtomicFile &&) = delete;
  /// Removes the temporary unless it was committed.
  ~AtomicFile();

  int getFd() const { return fd; }
  llvm::StringRef getTempPath() const { return tempPath; }
  llvm::StringRef getPath() const { return path; }

  /// fsync, set the permissions (`mode` less the umask), rename over the path,
  /// fsync the directory.
  llvm::Error commit(unsigned mode);

private:
  AtomicFile() = default;

  std::string path;
  std::string directory;
  std::string tempPath;
  int fd = -1;
};

/// Writes all of `bytes` at the current position of `fd`. The space is reserved
/// first where the file system can, so that a full disk is met before the first
/// byte; short writes are continued and every error is returned.
std::error_code writeResult(int fd, llvm::StringRef bytes);

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_ATOMICFILE_H
