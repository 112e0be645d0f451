//===- TokenFile.h - texts as token ids -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// No tokenizer is part of qopt: texts come as ids.
//   x.npy   int32 or int64; 1-D: one stream of ids, 2-D: a document per row
//   x.bin   int32, little endian: one stream; needs the JSON below
//   x.npz   `tokens` (1-D) and `offsets` (1-D, of n + 1 numbers from 0 to the
//           length): n documents; or `input_ids` (2-D) with `attention_mask`:
//           a document per row, of the ids that the mask keeps
// A file x.json beside x.npy or x.bin may say `vocab_size`, `source_sha256` (of
// the text), `bos` and `offsets`.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_TOKENFILE_H
#define QOPT_SUPPORT_TOKENFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlir::qopt {

struct TokenFile {
  std::vector<int32_t> ids;
  /// Document i is ids[offsets[i] .. offsets[i + 1]); of a stream, the whole.
  std::vector<int64_t> offsets;
  /// The file itself says where documents begin.
  bool hasDocuments = false;
  std::optional<int64_t> vocabularySize;
  std::string sourceSha256;
  std::optional<int32_t> bos;

  int64_t documents() const { return offsets.size() - 1; }
  llvm::ArrayRef<int32_t> document(int64_t i) const {
    return llvm::ArrayRef(ids).slice(offsets[i], offsets[i + 1] - offsets[i]);
  }

  /// Starts a document at every id `bos`; false, and nothing changes, when the
  /// stream does not begin with one.
  bool splitAt(int32_t bos);

  /// An error that names the first id that is not in [0, vocabulary).
  llvm::Error checkIds(int64_t vocabulary, llvm::StringRef path) const;
};

/// Messages begin with the path. A missing file keeps its error code.
llvm::Expected<TokenFile> readTokenFile(llvm::StringRef path);

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_TOKENFILE_H
