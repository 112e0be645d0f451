//===- NpzWriter.h - writes archives of NumPy arrays ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Members are stored, not packed, and carry no time: equal contents give equal
// bytes, whatever the version of the library that packs.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_NPZWRITER_H
#define QOPT_SUPPORT_NPZWRITER_H

#include "qopt/Support/Npy.h"

#include <list>
#include <string>

namespace mlir::qopt {

class NpzWriter {
public:
  /// A member of that very name.
  void addText(llvm::StringRef name, std::string text);
  /// A member `NAME.npy`. `data` is not copied: it must live until write().
  void addArray(llvm::StringRef name, NpyType type,
                llvm::ArrayRef<int64_t> shape, llvm::StringRef data);
  template <typename T>
  void addArray(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                llvm::ArrayRef<T> data) {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, uint64_t>);
    addArray(name, {std::is_same_v<T, float> ? 'f' : 'u', sizeof(T)}, shape,
             llvm::StringRef(reinterpret_cast<const char *>(data.data()),
                             data.size() * sizeof(T)));
  }

  /// Writes the archive through a temporary beside `path`; messages start with
  /// the path.
  llvm::Error write(llvm::StringRef path) const;

private:
  struct Member {
    std::string name;
    /// Header of the array, or the text.
    std::string head;
    llvm::StringRef data;
  };
  // Members stay where they are: the archive refers to their bytes.
  std::list<Member> members;
};

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_NPZWRITER_H
