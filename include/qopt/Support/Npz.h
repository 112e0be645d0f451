//===- Npz.h - archives of NumPy arrays -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An npz file is a zip of npy files. Sizes are checked before anything is
// unpacked: a small file must not be able to ask for all memory.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_NPZ_H
#define QOPT_SUPPORT_NPZ_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct zip;
struct zip_file;

namespace mlir::qopt {

struct NpzLimits {
  /// Sum of the unpacked sizes.
  uint64_t totalBytes = uint64_t(8) << 30;
  /// Unpacked against packed size, for members above freeBytes: masks of equal
  /// bytes reach the 1,032 of deflate honestly, but only while they are small.
  uint64_t ratio = 256;
  uint64_t freeBytes = uint64_t(64) << 20;
};

/// One member, unpacked piece by piece. The archive must live as long.
class NpzStream {
public:
  NpzStream(NpzStream &&other) noexcept;
  NpzStream &operator=(NpzStream &&) = delete;
  ~NpzStream();

  /// Bytes of the member as the archive claims.
  uint64_t size() const { return total; }
  /// The next bytes. Behind the last one the member must end and fit its
  /// checksum.
  llvm::Error read(llvm::MutableArrayRef<char> bytes);

private:
  friend class NpzArchive;
  NpzStream(struct zip_file *file, std::string name, uint64_t total)
      : file(file), name(std::move(name)), total(total) {}

  struct zip_file *file;
  std::string name;
  uint64_t total, done = 0;
};

class NpzArchive {
public:
  /// Opens the archive and checks its directory: regular file, every member a
  /// plain `NAME.npy` (or `text`, where given), no name twice, sizes within
  /// `limits`.
  static llvm::Expected<NpzArchive> open(llvm::StringRef path,
                                         const NpzLimits &limits = {},
                                         llvm::StringRef text = "");
  NpzArchive(NpzArchive &&other) noexcept;
  NpzArchive &operator=(NpzArchive &&) = delete;
  ~NpzArchive();

  /// Names of the arrays, without `.npy`, and of the text, in the order of the
  /// archive.
  const std::vector<std::string> &getNames() const { return names; }

  /// The bytes of one member, checked against its checksum.
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
  read(llvm::StringRef name) const;

  /// The same in pieces, for members that need not be in memory as a whole.
  llvm::Expected<NpzStream> stream(llvm::StringRef name) const;
  uint64_t sizeOf(llvm::StringRef name) const;

private:
  NpzArchive() = default;

  struct zip *archive = nullptr;
  std::vector<std::string> names;
  std::vector<uint64_t> sizes;
};

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_NPZ_H
