//===- ModelFile.cpp - open, recognise and parse a model file -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Only regular files are read, through one descriptor. A successful parse is
// not validity: prefixes of a model can parse, and so does an empty file, so
// the fields that every model has are required here. A message that failed to
// parse is never looked at.
//===----------------------------------------------------------------------===//

#include "ModelFile.h"
#include "WireScan.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/SHA256.h"
#include <cerrno>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <google/protobuf/stubs/logging.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;

namespace mlir::qopt::importer {

namespace {
constexpr int64_t oldestIR = 3, newestIR = 13;

constexpr StringLiteral tooLarge =
    "the file is larger than 2 GiB, the most that protobuf can read; store the "
    "weights as external data";

bool startsWithWord(StringRef text, StringRef word) {
  return text.starts_with_insensitive(word);
}

/// Reads standard input to its end, at most one byte more than protobuf can.
LogicalResult readStdin(std::string &bytes, Reporter &reporter) {
  constexpr size_t step = 1 << 20;
  while (bytes.size() <= INT_MAX) {
    size_t size = bytes.size();
    bytes.resize(size + step);
    ssize_t got = ::read(STDIN_FILENO, bytes.data() + size, step);
    if (got < 0 && errno == EINTR)
      got = 0;
    else if (got <= 0) {
      bytes.resize(size);
      return got == 0 ? success()
                      : reporter.io(Twine("cannot read: ") + strerror(errno));
    }
    bytes.resize(size + got);
  }
  return success();
}
} // namespace

StringRef recogniseFormat(StringRef bytes) {
  if (bytes.starts_with("version https://git-lfs"))
    return "a Git LFS pointer (run `git lfs pull`)";
  if (bytes.starts_with(StringRef("PK\3\4", 4)))
    return "a zip archive (a PyTorch checkpoint or an npz file?)";
  if (bytes.starts_with("\x1f\x8b"))
    return "gzip data";
  if (bytes.starts_with("GGUF"))
    return "a GGUF model";
  if (bytes.starts_with("\x93NUMPY"))
    return "a NumPy array";
  if (bytes.starts_with("\x7f"
                        "ELF"))
    return "an ELF file (a compiled model?)";
  if (bytes.starts_with("ML\xefR"))
    return "MLIR bytecode";
  if (bytes.substr(4, 4) == "ORTM")
    return "an ONNX Runtime (ORT) model";
  if (bytes.substr(4, 4) == "TFL3")
    return "a TFLite model";
  if (bytes.size() > 9 && bytes[8] == '{' &&
      support::endian::read64le(bytes.data()) < (100u << 20))
    return "a safetensors file";
  if (bytes.size() > 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5)
    return "a Python pickle (a PyTorch checkpoint?)";
  StringRef text = bytes.take_front(4096).ltrim();
  if (startsWithWord(text, "<!doctype") || startsWithWord(text, "<html"))
    return "an HTML page";
  if (text.starts_with("<?xml"))
    return "an XML document";
  if (text.starts_with("{") || text.starts_with("["))
    return "JSON text";
  if (text.starts_with("module") || text.starts_with("builtin.module") ||
      text.starts_with("func.func") || text.starts_with("//") ||
      text.starts_with("#loc") || text.starts_with("\"builtin.module\""))
    return "MLIR text (qopt-opt reads that)";
  return {};
}

LogicalResult parseModel(StringRef bytes, Reporter &reporter, ModelFile &file) {
  if (bytes.empty())
    return reporter.invalid("the file is empty");
  StringRef format = recogniseFormat(bytes);
  auto refuse = [&](const Twine &reason) {
    if (!format.empty())
      return reporter.invalid("this is " + format + ", not an ONNX model");
    return reporter.invalid(reason);
  };
  if (bytes.size() > INT_MAX)
    return refuse(tooLarge);

  // A few bytes per entry can ask for gigabytes of objects: count them first.
  uint64_t maxNodes = reporter.getOptions().maxNodes;
  if (countGraphEntries(bytes) / 2 > maxNodes)
    return reporter.limit("the model has more than " + Twine(2 * maxNodes) +
                          " nodes, attributes and tensors");

  // Protobuf would print its own complaint to stderr.
  google::protobuf::LogHandler *previous =
      google::protobuf::SetLogHandler(nullptr);
  scope_exit restore([&] { google::protobuf::SetLogHandler(previous); });
  auto proto = std::make_unique<pb::ModelProto>();
  if (!proto->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return refuse("not an ONNX model, or damaged, or cut short: the protobuf "
                  "message does not parse");

  if (!proto->has_ir_version())
    return refuse("not an ONNX model: ir_version is missing");
  int64_t ir = proto->ir_version();
  if (ir <= 0)
    return reporter.invalid("ir_version is " + Twine(ir) +
                            "; it must be positive");
  if (ir < oldestIR || ir > newestIR)
    return reporter.unsupported("ir_version " + Twine(ir) +
                                " is not supported; supported: " +
                                Twine(oldestIR) + " to " + Twine(newestIR));
  if (!proto->has_graph())
    return reporter.invalid("the model has no graph");
  if (proto->opset_import_size() == 0)
    return reporter.invalid("opset_import is missing (a file cut short?)");
  if (proto->graph().output_size() == 0)
    return reporter.invalid("the graph has no output");

  SHA256 hash;
  hash.update(bytes);
  file.sha256 = toHex(hash.final(), /*LowerCase=*/true);
  file.proto = std::move(proto);
  return success();
}

LogicalResult readModelFile(StringRef path, Reporter &reporter,
                            ModelFile &file) {
  if (path == "-") {
    std::string bytes;
    if (failed(readStdin(bytes, reporter)))
      return failure();
    return parseModel(bytes, reporter, file);
  }

  // O_NONBLOCK: opening a FIFO without a writer must not wait.
  int fd = ::open(path.str().c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return reporter.io(Twine("cannot open: ") + strerror(errno));
  scope_exit closeFile([&] { ::close(fd); });
  struct stat status;
  if (::fstat(fd, &status) != 0)
    return reporter.io(Twine("cannot read: ") + strerror(errno));
  if (S_ISDIR(status.st_mode))
    return reporter.io("is a directory, not a model file");
  if (!S_ISREG(status.st_mode))
    return reporter.io("is not a regular file");
  size_t size = static_cast<size_t>(status.st_size);
  if (size == 0)
    return parseModel("", reporter, file);

  void *data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED)
    return reporter.io(Twine("cannot map: ") + strerror(errno));
  scope_exit unmap([&] { ::munmap(data, size); });
  return parseModel(StringRef(static_cast<const char *>(data), size), reporter,
                    file);
}

} // namespace mlir::qopt::importer
