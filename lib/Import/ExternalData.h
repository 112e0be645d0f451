//===- ExternalData.h - weights beside the model --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_IMPORT_EXTERNALDATA_H
#define QOPT_LIB_IMPORT_EXTERNALDATA_H

#include "Reporter.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/BLAKE3.h"
#include <map>
#include <memory>

namespace mlir::qopt::importer {

/// A file mapped for reading; unmapped with its last user.
class MappedFile {
public:
  MappedFile(const char *data, size_t size) : data(data), size(size) {}
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;
  ~MappedFile();

  llvm::StringRef getBytes() const { return {data, size}; }

private:
  const char *data;
  size_t size;
};

/// Bytes of one tensor and the mapping that holds them.
struct ExternalBytes {
  llvm::StringRef bytes;
  std::shared_ptr<MappedFile> file;
};

class ExternalData {
public:
  ExternalData(llvm::StringRef modelPath, Reporter &reporter)
      : modelPath(modelPath.str()), reporter(reporter) {}

  /// Finds the `size` bytes of `tensor`, whose data_location is EXTERNAL.
  LogicalResult find(const pb::TensorProto &tensor, uint64_t size,
                     const llvm::Twine &subject, ExternalBytes &result);

  /// Whether any tensor was read, and a hash over all of them in order.
  bool wasUsed() const { return used; }
  std::string hash() const;

private:
  struct File {
    std::shared_ptr<MappedFile> mapping;
    /// Start -> end of the ranges that tensors use; they do not overlap.
    std::map<uint64_t, uint64_t> ranges;
    uint64_t bytesUsed = 0;
  };
  struct Place {
    std::string location;
    uint64_t offset = 0;
    uint64_t length = 0;
  };

  LogicalResult parse(const pb::TensorProto &tensor, uint64_t size,
                      const std::string &subject, Place &place);
  LogicalResult resolve(llvm::StringRef location, const std::string &subject,
                        std::string &path);
  LogicalResult open(llvm::StringRef location, const std::string &subject,
                     File *&file);
  LogicalResult claim(File &file, const Place &place,
                      const std::string &subject);

  std::string modelPath;
  Reporter &reporter;
  llvm::StringMap<File> files; // By resolved path.
  llvm::StringMap<std::string> resolved;
  bool used = false;
  llvm::BLAKE3 hasher;
};

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_EXTERNALDATA_H
