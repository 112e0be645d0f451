//===- LibraryInfo.cpp - what is in a model.so ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The signature is asked of the library itself; sizes come from its section
// headers, and the hash is that of the file.
//===----------------------------------------------------------------------===//

#include "LibraryInfo.h"

#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/InvalidData.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/Npy.h"
#include "qopt/Support/Progress.h"
#include "qopt/Support/Signature.h"
#include "qopt/model.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::qopt;

namespace qopt_info {

namespace {

struct LibraryInfo {
  Signature signature;
  std::string architecture, sha256;
  uint64_t fileBytes = 0, codeBytes = 0, constantBytes = 0;
};

} // namespace

/// Adds up the sections that are mapped: instructions, and data that nothing
/// writes to (weights and tables).
static Error readSections(MemoryBufferRef buffer, LibraryInfo &info) {
  Expected<std::unique_ptr<object::ObjectFile>> object =
      object::ObjectFile::createObjectFile(buffer);
  if (!object)
    return object.takeError();
  info.architecture = Triple::getArchTypeName((*object)->getArch()).str();
  for (const object::SectionRef &section : (*object)->sections()) {
    uint64_t flags = object::ELFSectionRef(section).getFlags();
    if (!(flags & ELF::SHF_ALLOC) || section.isBSS())
      continue;
    if (flags & ELF::SHF_EXECINSTR)
      info.codeBytes += section.getSize();
    else if (!(flags & ELF::SHF_WRITE))
      info.constantBytes += section.getSize();
  }
  return Error::success();
}

static Error readLibrary(StringRef path, LibraryInfo &info) {
  qopt_handle handle;
  char text[512] = "";
  if (qopt_load_library(path.str().c_str(), &handle, text, sizeof text)) {
    StringRef message(text);
    message.consume_front(path);
    message.consume_front(": ");
    return invalidData(message);
  }
  Expected<Signature> signature = parseSignature(handle.api->signature_json());
  qopt_unload(&handle);
  if (!signature)
    return signature.takeError();

  Expected<std::unique_ptr<MemoryBuffer>> buffer = readRegularFile(path);
  if (!buffer)
    return buffer.takeError();
  info.fileBytes = (*buffer)->getBufferSize();
  SHA256 hash;
  hash.update((*buffer)->getBuffer());
  info.sha256 = toHex(hash.final(), /*LowerCase=*/true);
  if (Error error = readSections((*buffer)->getMemBufferRef(), info))
    return error;
  info.signature = std::move(*signature);
  return Error::success();
}

static void printJson(LibraryInfo &info) {
  json::Object root = std::move(info.signature.json);
  root["file"] = json::Object{
      {"bytes", int64_t(info.fileBytes)},
      {"code_bytes", int64_t(info.codeBytes)},
      {"constant_bytes", int64_t(info.constantBytes)},
      {"architecture", info.architecture},
      {"sha256", info.sha256},
  };
  outs() << formatv("{0:2}", json::Value(std::move(root))) << "\n";
}

static void printPorts(StringRef title,
                       const std::vector<SignaturePort> &ports) {
  size_t width = 0;
  for (const SignaturePort &port : ports)
    width = std::max(width, quoteName(port.name).size());
  outs() << title << "\n";
  for (const SignaturePort &port : ports)
    outs() << "  " << left_justify(quoteName(port.name), width) << "  "
           << port.str() << "\n";
}

/// Least and largest sizes of the symbols, where the library has bounds.
static void printRanges(const Signature &signature) {
  std::map<std::string, std::string> ranges;
  if (const json::Array *inputs = signature.json.getArray("inputs"))
    for (const json::Value &input : *inputs)
      if (const json::Object *port = input.getAsObject())
        if (const json::Object *range = port->getObject("range"))
          for (const auto &[symbol, bounds] : *range)
            if (const json::Array *pair = bounds.getAsArray())
              if (pair->size() == 2)
                ranges[symbol.str()] =
                    itostr((*pair)[0].getAsInteger().value_or(0)) + " to " +
                    itostr((*pair)[1].getAsInteger().value_or(0));
  for (const auto &[symbol, text] : ranges)
    outs() << "  " << quoteName(symbol) << " is " << text << "\n";
}

/// Pairs of past and present, and where they grow.
static void printCaches(const Signature &signature) {
  const json::Array *pairs = signature.json.getArray("kv");
  if (!pairs || pairs->empty())
    return;
  outs() << "caches";
  if (std::optional<StringRef> length = signature.json.getString("kv_length"))
    outs() << ", in place; " << quoteName(*length) << " rows are filled";
  outs() << "\n";
  size_t width = 0;
  auto nameOf = [](const json::Object &pair, StringRef key) {
    return quoteName(pair.getString(key).value_or(""));
  };
  for (const json::Value &value : *pairs)
    if (const json::Object *pair = value.getAsObject())
      width = std::max(width, nameOf(*pair, "past").size());
  for (const json::Value &value : *pairs) {
    const json::Object *pair = value.getAsObject();
    if (!pair)
      continue;
    std::optional<int64_t> axis = pair->getInteger("axis");
    outs() << "  " << left_justify(nameOf(*pair, "past"), width) << "  "
           << (axis ? "axis " + itostr(*axis) : "axis unknown");
    if (!pair->getBoolean("inplace").value_or(false))
      outs() << ", becomes " << nameOf(*pair, "present");
    outs() << "\n";
  }
}

static void printText(StringRef path, const LibraryInfo &info) {
  const Signature &signature = info.signature;
  outs() << path << "\n";
  printPorts("inputs", signature.inputs);
  printPorts("outputs", signature.outputs);
  printRanges(signature);
  printCaches(signature);
  outs() << "library\n"
         << "  quantization   "
         << (signature.quant.empty() ? "none" : signature.quant) << "\n"
         << "  variants       " << info.architecture << ": "
         << join(signature.isa, ", ") << "\n"
         << "  file           " << formatBytes(info.fileBytes) << "\n"
         << "  code           " << formatBytes(info.codeBytes) << "\n"
         << "  constants      " << formatBytes(info.constantBytes) << "\n"
         << "  sha256         " << info.sha256 << "\n"
         << "  source sha256  " << signature.sourceSha256 << "\n";
}

int printLibrary(StringRef path, bool asJson) {
  LibraryInfo info;
  if (Error error = readLibrary(path, info)) {
    errs() << "error: " << path << ": " << toString(std::move(error)) << "\n";
    return ExitIO;
  }
  if (asJson)
    printJson(info);
  else
    printText(path, info);
  return ExitOk;
}

} // namespace qopt_info
