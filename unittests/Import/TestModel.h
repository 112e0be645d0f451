//===- TestModel.h - models written by tests ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small model is written field by field, changed at will, saved to a folder
// of the test and imported; what comes back is the exit code, the message and
// the text of the module.
//===----------------------------------------------------------------------===//

#ifndef QOPT_UNITTESTS_IMPORT_TESTMODEL_H
#define QOPT_UNITTESTS_IMPORT_TESTMODEL_H

#include "Proto.h"
#include "qopt/Import/Import.h"
#include "llvm/ADT/StringRef.h"
#include "gtest/gtest.h"
#include <string>
#include <vector>

namespace mlir::qopt::test {

/// A private folder, removed with its content.
class TempFolder {
public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder &) = delete;
  TempFolder &operator=(const TempFolder &) = delete;

  std::string path(llvm::StringRef name) const;
  /// Writes a file and returns its path.
  std::string write(llvm::StringRef name, llvm::StringRef bytes) const;

private:
  std::string root;
};

/// The outcome of one import.
struct Outcome {
  int status = 0;
  std::string message;
  std::string module;
  std::vector<std::string> warnings;

  bool mentions(llvm::StringRef text) const {
    return llvm::StringRef(message).contains(text);
  }
  bool contains(llvm::StringRef text) const {
    return llvm::StringRef(module).contains(text);
  }
};

Outcome importFile(llvm::StringRef path, ImportOptions options = {});
Outcome importBytes(llvm::StringRef bytes, ImportOptions options = {});

/// Dims are numbers or names.
struct TestDim {
  template <typename T, typename = std::enable_if_t<std::is_integral_v<T>>>
  TestDim(T value) : value(value) {}
  TestDim(const char *name) : name(name) {}
  int64_t value = 0;
  std::string name;
};

class TestModel {
public:
  explicit TestModel(int64_t opset = 18);

  pb::ValueInfoProto &input(llvm::StringRef name, int dataType,
                            std::vector<TestDim> dims);
  pb::ValueInfoProto &output(llvm::StringRef name, int dataType,
                             std::vector<TestDim> dims);
  pb::NodeProto &node(llvm::StringRef op, std::vector<std::string> inputs,
                      std::vector<std::string> outputs);
  pb::TensorProto &initializer(llvm::StringRef name, std::vector<int64_t> dims,
                               std::vector<float> values);

  std::string bytes() const { return proto.SerializeAsString(); }
  Outcome import(ImportOptions options = {}) const {
    return importBytes(bytes(), std::move(options));
  }
  pb::GraphProto &graph() { return *proto.mutable_graph(); }

  pb::ModelProto proto;
};

void setType(pb::ValueInfoProto &value, int dataType,
             const std::vector<TestDim> &dims);
void setInts(pb::NodeProto &node, llvm::StringRef name,
             std::vector<int64_t> values);
void setInt(pb::NodeProto &node, llvm::StringRef name, int64_t value);
void setFloat(pb::NodeProto &node, llvm::StringRef name, float value);

/// x -> Relu -> y, with x and y of type f32 [batch, 4].
TestModel reluModel(int64_t opset = 18);

/// x + w, with the initializer w of type f32 [4].
TestModel addModel();

inline constexpr int Float = 1, UInt8 = 2, Int8 = 3, Int32 = 6, Int64 = 7,
                     String = 8, Bool = 9, Half = 10;

} // namespace mlir::qopt::test

/// The status is as stated and a failure is one line that names `text`.
#define EXPECT_IMPORT(outcome, expected, text)                                 \
  do {                                                                         \
    const auto &checked = (outcome);                                           \
    EXPECT_EQ(checked.status, expected) << checked.message;                    \
    EXPECT_TRUE(checked.mentions(text)) << checked.message;                    \
    EXPECT_EQ(checked.message.find('\n'), std::string::npos);                  \
  } while (false)

#endif // QOPT_UNITTESTS_IMPORT_TESTMODEL_H
