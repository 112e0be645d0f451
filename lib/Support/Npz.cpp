//===- Npz.cpp - archives of NumPy arrays ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/Npz.h"

#include "qopt/Support/InvalidData.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/Progress.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

#include <cerrno>
#include <zip.h>

using namespace llvm;

namespace mlir::qopt {

/// Checks one entry of the directory; its size is what the archive claims, and
/// read() refuses a member that unpacks to another size.
static Error checkMember(const zip_stat_t &entry, const NpzLimits &limits,
                         StringRef text, uint64_t &total) {
  constexpr uint64_t needed =
      ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
  if ((entry.valid & needed) != needed)
    return invalidData("an entry has no name or size");
  std::string name = quoteName(entry.name);
  if (!StringRef(entry.name).ends_with(".npy") &&
      (text.empty() || entry.name != text))
    return invalidData(name + " is not an npy array");
  if ((entry.valid & ZIP_STAT_ENCRYPTION_METHOD) &&
      entry.encryption_method != ZIP_EM_NONE)
    return invalidData(name + " is encrypted");
  if (entry.size > limits.totalBytes - total)
    return invalidData(name + ": the archive unpacks to more than " +
                       formatBytes(limits.totalBytes));
  total += entry.size;
  if (entry.size > limits.freeBytes &&
      entry.size / limits.ratio > entry.comp_size)
    return invalidData(name + " unpacks to more than " + Twine(limits.ratio) +
                       " times its size");
  return Error::success();
}

Expected<NpzArchive> NpzArchive::open(StringRef path, const NpzLimits &limits,
                                      StringRef text) {
  NpzArchive result;
  int code = 0;
  result.archive = ::zip_open(path.str().c_str(), ZIP_RDONLY, &code);
  if (!result.archive) {
    if (code == ZIP_ER_OPEN || code == ZIP_ER_READ || code == ZIP_ER_NOENT)
      return createStringError(std::error_code(errno, std::generic_category()),
                               "cannot be read");
    return invalidData("is not an npz archive");
  }
  int64_t count = ::zip_get_num_entries(result.archive, 0);
  uint64_t total = 0;
  for (int64_t i = 0; i < count; ++i) {
    zip_stat_t entry;
    if (::zip_stat_index(result.archive, i, 0, &entry) != 0)
      return invalidData("entry " + Twine(i) + " is damaged");
    if (Error error = checkMember(entry, limits, text, total))
      return std::move(error);
    StringRef member = entry.name;
    member.consume_back(".npy");
    std::string name = member.str();
    if (is_contained(result.names, name))
      return invalidData("holds " + quoteName(name) + " twice");
    result.names.push_back(std::move(name));
    result.sizes.push_back(entry.size);
  }
  return std::move(result);
}

NpzArchive::NpzArchive(NpzArchive &&other) noexcept
    : archive(other.archive), names(std::move(other.names)),
      sizes(std::move(other.sizes)) {
  other.archive = nullptr;
}

NpzArchive::~NpzArchive() {
  if (archive)
    ::zip_discard(archive);
}

uint64_t NpzArchive::sizeOf(StringRef name) const {
  auto it = llvm::find(names, name);
  return it == names.end() ? 0 : sizes[it - names.begin()];
}

Expected<NpzStream> NpzArchive::stream(StringRef name) const {
  auto it = llvm::find(names, name);
  if (it == names.end())
    return invalidData("holds no array " + quoteName(name));
  uint64_t index = it - names.begin();
  zip_file_t *file = ::zip_fopen_index(archive, index, 0);
  if (!file)
    return invalidData(quoteName(name) + " is damaged");
  return NpzStream(file, name.str(), sizes[index]);
}

NpzStream::NpzStream(NpzStream &&other) noexcept
    : file(other.file), name(std::move(other.name)), total(other.total),
      done(other.done) {
  other.file = nullptr;
}

NpzStream::~NpzStream() {
  if (file)
    ::zip_fclose(file);
}

Error NpzStream::read(MutableArrayRef<char> bytes) {
  while (!bytes.empty()) {
    int64_t received = ::zip_fread(file, bytes.data(), bytes.size());
    if (received <= 0)
      return invalidData(quoteName(name) + " is damaged");
    done += received;
    bytes = bytes.drop_front(received);
  }
  // One byte more must be the end of the member; reading it also makes libzip
  // compare the checksum.
  char extra;
  if (done == total && ::zip_fread(file, &extra, 1) != 0)
    return invalidData(quoteName(name) + " is damaged");
  return Error::success();
}

Expected<std::unique_ptr<MemoryBuffer>> NpzArchive::read(StringRef name) const {
  Expected<NpzStream> member = stream(name);
  if (!member)
    return member.takeError();
  std::unique_ptr<WritableMemoryBuffer> buffer =
      WritableMemoryBuffer::getNewUninitMemBuffer(member->size(), name);
  if (!buffer)
    return createStringError(std::make_error_code(std::errc::not_enough_memory),
                             quoteName(name) + ": not enough memory");
  if (Error error = member->read(buffer->getBuffer()))
    return std::move(error);
  return std::unique_ptr<MemoryBuffer>(std::move(buffer));
}

} // namespace mlir::qopt
