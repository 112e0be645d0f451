//===- TestData.h - the test-data folders of ONNX ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A folder holds input_N.pb and output_N.pb, each one TensorProto, numbered in
// the order of the model's inputs and outputs.
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QOPT_RUN_TESTDATA_H
#define QOPT_TOOLS_QOPT_RUN_TESTDATA_H

#include "Tensor.h"

namespace runner {

struct DataSet {
  /// Empty when the folder given is the set itself.
  std::string name;
  std::vector<Tensor> inputs, outputs;
};

/// The set in `folder`, or all of `folder`/test_data_set_*. Messages name the
/// file.
llvm::Expected<std::vector<DataSet>> readTestData(llvm::StringRef folder);

} // namespace runner

#endif // QOPT_TOOLS_QOPT_RUN_TESTDATA_H
