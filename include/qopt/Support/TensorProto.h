//===- TensorProto.h - ONNX tensors in files of their own -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The input_N.pb and output_N.pb of ONNX's test data. They are read from the
// wire format, without protobuf: the library of the quantization passes reads
// calibration data, and neither it nor what runs a model is to depend on
// protobuf, which only the importer and the exporter need. The few fields of a
// tensor of numbers are a list of tagged values.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_TENSORPROTO_H
#define QOPT_SUPPORT_TENSORPROTO_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace mlir::qopt {

struct TensorProto {
  /// TensorProto.DataType; any number.
  int64_t dataType = 0;
  llvm::SmallVector<int64_t, 4> shape;
  /// The data as one piece, within the bytes that were parsed; without it as
  /// the values of the field that belongs to the type.
  std::optional<llvm::StringRef> raw;
  std::vector<uint64_t> values;

  /// Parses a message whose data is in it, all of it.
  static llvm::Expected<TensorProto> parse(llvm::StringRef bytes);

  /// Checks dims and data against each other and returns the elements as they
  /// lie in memory. Less than 8 bits are packed, the first in the low bits.
  llvm::Expected<std::vector<char>> data(unsigned bits) const;
};

/// The files input_N.pb, or another prefix, of a folder, up to the first that
/// is not there.
std::vector<std::string> numberedFiles(llvm::StringRef folder,
                                       llvm::StringRef prefix);

/// The folders test_data_set_* in `folder`, by their number.
llvm::Expected<std::vector<std::string>> testDataSets(llvm::StringRef folder);

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_TENSORPROTO_H
