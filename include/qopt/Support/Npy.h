//===- Npy.h - NumPy array files ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The npy format, versions 1 to 3, as far as numbers in C order and little
// endian go. The header is read by a grammar, never evaluated; pickled objects,
// other byte orders, Fortran order and a wrong file size are refused by name.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_NPY_H
#define QOPT_SUPPORT_NPY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <memory>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace mlir::qopt {

/// Type of the elements in NumPy's letters: b bool, i signed, u unsigned,
/// f floating point; with the bytes of one element.
struct NpyType {
  char kind = 'f';
  unsigned bytes = 4;

  bool operator==(const NpyType &other) const {
    return kind == other.kind && bytes == other.bytes;
  }
  /// "float32", "bool", ...
  std::string str() const;
};

/// A parsed array; `data` points into the file's bytes and may be unaligned.
struct NpyArray {
  NpyType type;
  llvm::SmallVector<int64_t, 4> shape;
  int64_t elements = 0;
  llvm::StringRef data;
};

/// Parses a whole npy file.
llvm::Expected<NpyArray> parseNpy(llvm::StringRef file);

/// How much of a file parseNpyStart may need.
constexpr size_t npyStartBytes = (1 << 16) + 12;

/// Parses the header of a file of `fileSize` bytes, of which `start` is the
/// beginning. The data is that from `offset` on; `data` stays empty.
llvm::Expected<NpyArray> parseNpyStart(llvm::StringRef start, uint64_t fileSize,
                                       uint64_t &offset);

/// An array together with the file that holds its data.
struct NpyFile {
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  NpyArray array;
};

/// Maps and parses the file at `path`; messages do not repeat the path.
llvm::Expected<NpyFile> readNpy(llvm::StringRef path);

/// Opens a regular file (no device, no folder) without copying it.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readRegularFile(llvm::StringRef path);

/// Writes version 1.0. `data` holds the elements of `shape`.
void writeNpy(llvm::raw_ostream &os, NpyType type,
              llvm::ArrayRef<int64_t> shape, llvm::StringRef data);

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_NPY_H
