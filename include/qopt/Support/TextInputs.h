//===- TextInputs.h - all inputs of a model for rows of token ids ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A text model takes more than its ids, but nothing more than they tell: masks,
// positions, type ids, and the caches of a decoder, which start empty. Rows of
// a batch that are shorter than the longest are filled up on the right and
// masked.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_TEXTINPUTS_H
#define QOPT_SUPPORT_TEXTINPUTS_H

#include "qopt/Support/Npy.h"
#include "qopt/Support/Signature.h"

#include <optional>
#include <vector>

namespace mlir::qopt {

class TextInputs {
public:
  /// An input of one run: compact, row-major.
  struct Input {
    NpyType type;
    llvm::SmallVector<int64_t, 4> shape;
    std::vector<char> data;
  };

  /// Finds out what each input of the model is for. The ids are `idsName`, or
  /// without it input_ids, or the only integers of rank 2 without another
  /// role.
  static llvm::Expected<TextInputs> create(const Signature &signature,
                                           llvm::StringRef idsName = "");

  llvm::StringRef idsName() const { return ports[idsIndex].name; }

  /// What the shape of the ids allows; -1: any number.
  int64_t fixedRows() const { return rows; }
  int64_t fixedLength() const { return length; }

  /// Fills the inputs for one run. `texts` are as many rows as wanted, not
  /// more or longer than the shape allows; no text is empty. They stand behind
  /// `past` tokens of earlier runs: of these, caches in place hold what the
  /// runs have written, those at `caches` are the caller's to give. With past =
  /// 0 caches are made anew, in place for `room` tokens, or for the texts if
  /// that is more.
  llvm::Error set(llvm::ArrayRef<llvm::ArrayRef<int32_t>> texts,
                  int64_t past = 0, int64_t room = 0);

  /// In the order of the signature, after set.
  llvm::ArrayRef<Input> inputs() const { return values; }
  /// Places of the caches among the inputs that are not in place.
  std::vector<size_t> caches() const;
  /// Of the last set: rows and positions with what they were filled up by.
  int64_t batch() const { return runRows; }
  int64_t positions() const { return runLength; }

private:
  enum class Role { Ids, Mask, Positions, Zeros, Past, HasPast, PastLength };
  llvm::Error chooseRoles(llvm::StringRef idsName);
  llvm::Error fill(size_t index, llvm::ArrayRef<llvm::ArrayRef<int32_t>> texts);
  llvm::Error fillCache(size_t index);

  std::vector<SignaturePort> ports;
  std::vector<Role> roles;
  size_t idsIndex = 0;
  std::vector<Input> values;
  int64_t rows = -1, length = -1;
  int64_t runRows = 0, runLength = 0, pastLength = 0, cacheLength = 0;
  /// Input that says how far caches in place are filled, if they are.
  std::string lengthName;
};

/// The type in NumPy's letters; nothing for one that NumPy lacks.
std::optional<NpyType> npyTypeOf(llvm::StringRef dtype);

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_TEXTINPUTS_H
