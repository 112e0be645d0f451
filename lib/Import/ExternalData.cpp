//===- ExternalData.cpp - weights beside the model ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A location comes from the model and is hostile until proved harmless: it is
// refused by its text first; then its real path must lie under the directory of
// the model as given, or under the directory of the model's real path (a
// Hugging Face cache links both into one folder of blobs). The file is opened
// once, by its real path and without following links, and only that descriptor
// is used.
//===----------------------------------------------------------------------===//

#include "ExternalData.h"
#include "qopt/Support/Subprocess.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace llvm;
namespace path = llvm::sys::path;

namespace mlir::qopt::importer {

namespace {
/// How often, on average, the bytes of a file may be used by identical ranges:
/// tied weights need two or three, a bomb needs thousands.
constexpr uint64_t maxReuse = 64;

/// Decimal digits only: no sign, no space, no base, no overflow.
bool parseDecimal(StringRef text, uint64_t &value) {
  if (text.empty() || !all_of(text, isDigit))
    return false;
  return !text.getAsInteger(10, value);
}

/// Why the text of a location is refused, or an empty string.
StringRef locationFault(StringRef location) {
  if (location.empty())
    return "is empty";
  if (location.contains('\0') || location.contains('\n') ||
      location.contains('\r'))
    return "contains a NUL or newline";
  if (location.starts_with("/") || location.starts_with("\\"))
    return "is an absolute path";
  SmallVector<StringRef> parts;
  location.split(parts, '/');
  if (is_contained(parts, ".."))
    return "contains '..'";
  return {};
}

bool isUnder(StringRef file, StringRef directory) {
  if (directory == "/")
    return true;
  return file.consume_front(directory) && file.starts_with("/");
}

/// Opens a path without symbolic links; refuses links that appeared since it
/// was resolved.
int openWithoutLinks(const std::string &file) {
  open_how how = {};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long fd = ::syscall(SYS_openat2, AT_FDCWD, file.c_str(), &how, sizeof(how));
  if (fd < 0 && (errno == ENOSYS || errno == EPERM))
    return ::open(file.c_str(), static_cast<int>(how.flags));
  return static_cast<int>(fd);
}
} // namespace

MappedFile::~MappedFile() {
  if (size != 0)
    ::munmap(const_cast<char *>(data), size);
}

std::string ExternalData::hash() const {
  BLAKE3 copy = hasher;
  return toHex(copy.final(), /*LowerCase=*/true);
}

LogicalResult ExternalData::parse(const pb::TensorProto &tensor, uint64_t size,
                                  const std::string &subject, Place &place) {
  StringSet<> seen;
  bool hasLength = false;
  for (const pb::StringStringEntryProto &entry : tensor.external_data()) {
    StringRef key = entry.key(), value = entry.value();
    if (!seen.insert(key).second)
      return reporter.invalid(subject + ": external data has the key " +
                              quoted(key) + " twice");
    if (key == "location") {
      place.location = value.str();
    } else if (key == "offset" || key == "length") {
      uint64_t &number = key == "offset" ? place.offset : place.length;
      hasLength |= key == "length";
      if (!parseDecimal(value, number))
        return reporter.invalid(subject + ": external data " + key + " " +
                                quoted(value) +
                                " is not a decimal number below 2^64");
    } else if (key != "checksum" && key != "basepath") {
      reporter.warn(subject + ": unknown external data key " + quoted(key));
    }
  }
  if (!seen.contains("location"))
    return reporter.invalid(subject + ": external data without a location");
  StringRef fault = locationFault(place.location);
  if (!fault.empty())
    return reporter.invalid(subject + ": external data location " +
                            quoted(place.location) + " " + fault);
  if (!hasLength)
    place.length = size;
  if (place.length != size)
    return reporter.invalid(subject + ": external data has " +
                            Twine(place.length) +
                            " bytes, shape and data type need " + Twine(size));
  return success();
}

LogicalResult ExternalData::resolve(StringRef location,
                                    const std::string &subject,
                                    std::string &result) {
  const ImportOptions &options = reporter.getOptions();
  std::string what = subject + ": external data file " + quoted(location);
  SmallVector<SmallString<128>, 2> roots;
  SmallString<128> base;
  if (!options.externalDataDir.empty()) {
    base = options.externalDataDir;
    if (sys::fs::real_path(base, roots.emplace_back()))
      return reporter.io("--external-data-dir: cannot open directory " +
                         quoted(base));
  } else if (modelPath == "-") {
    return reporter.usage(what + ": a model on standard input needs "
                                 "--external-data-dir");
  } else {
    base = path::parent_path(modelPath);
    if (base.empty())
      base = ".";
    SmallString<128> realModel;
    if (sys::fs::real_path(base, roots.emplace_back()) ||
        sys::fs::real_path(modelPath, realModel))
      return reporter.io(what + ": cannot resolve the model's directory");
    if (!options.strictExternalData)
      roots.emplace_back(path::parent_path(realModel));
  }

  SmallString<128> joined = base;
  path::append(joined, location);
  SmallString<128> real;
  if (std::error_code code = sys::fs::real_path(joined, real)) {
    if (code == std::errc::too_many_symbolic_link_levels)
      return reporter.invalid(what + " is a cycle of symbolic links");
    return reporter.io(what + ": " + code.message());
  }
  if (none_of(roots, [&](StringRef root) { return isUnder(real, root); }))
    return reporter.invalid(what + " lies outside the directory of the model");

  if (options.strictExternalData) {
    SmallString<128> plain = roots.front();
    path::append(plain, location);
    path::remove_dots(plain);
    if (plain != real)
      return reporter.invalid(what + " is reached through a symbolic link "
                                     "(--strict-external-data)");
  }
  result = real.str().str();
  return success();
}

LogicalResult ExternalData::open(StringRef location, const std::string &subject,
                                 File *&file) {
  // One resolution per location: the path is not looked up a second time.
  auto known = resolved.find(location);
  if (known != resolved.end()) {
    file = &files[known->second];
    return success();
  }
  std::string real;
  if (failed(resolve(location, subject, real)))
    return failure();
  std::string what = subject + ": external data file " + quoted(location);
  auto [it, isNew] = files.try_emplace(real);
  file = &it->second;
  if (!isNew) {
    resolved[location] = real;
    return success();
  }

  int fd = openWithoutLinks(real);
  if (fd < 0) {
    if (errno == ELOOP)
      return reporter.invalid(what + " changed into a symbolic link");
    if (errno == ENXIO)
      return reporter.invalid(what + " is not a regular file");
    return reporter.io(what + ": " + strerror(errno));
  }
  scope_exit closeFile([&] { ::close(fd); });
  struct stat status;
  if (::fstat(fd, &status) != 0)
    return reporter.io(what + ": " + strerror(errno));
  if (!S_ISREG(status.st_mode))
    return reporter.invalid(what + " is not a regular file");
  if (reporter.getOptions().strictExternalData && status.st_nlink > 1)
    return reporter.invalid(what + " is a hard link (--strict-external-data)");
  auto size = static_cast<size_t>(status.st_size);
  void *data = nullptr;
  if (size != 0) {
    // Pages of the file are no memory of the compiler's.
    allowMapping(size);
    data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
      return reporter.io(what + ": cannot map: " + strerror(errno));
  }
  file->mapping =
      std::make_shared<MappedFile>(static_cast<const char *>(data), size);
  resolved[location] = real;
  return success();
}

LogicalResult ExternalData::claim(File &file, const Place &place,
                                  const std::string &subject) {
  uint64_t size = file.mapping->getBytes().size();
  std::string what = subject + ": external data range " +
                     Twine(place.offset).str() + "+" +
                     Twine(place.length).str();
  if (place.offset > size || place.length > size - place.offset)
    return reporter.invalid(what + " ends beyond the " + Twine(size) +
                            " bytes of " + quoted(place.location));
  if (place.length == 0)
    return success();
  uint64_t end = place.offset + place.length;
  auto next = file.ranges.lower_bound(place.offset);
  bool same = next != file.ranges.end() && next->first == place.offset &&
              next->second == end;
  bool overlaps = next != file.ranges.end() && next->first < end;
  if (next != file.ranges.begin())
    overlaps |= std::prev(next)->second > place.offset;
  if (overlaps && !same)
    return reporter.invalid(what + " partly overlaps that of another tensor");
  file.ranges[place.offset] = end;
  file.bytesUsed += place.length;
  if (file.bytesUsed / maxReuse > size)
    return reporter.limit(what + ": tensors use the bytes of " +
                          quoted(place.location) + " more than " +
                          Twine(maxReuse) + " times over");
  return success();
}

LogicalResult ExternalData::find(const pb::TensorProto &tensor, uint64_t size,
                                 const Twine &subject, ExternalBytes &result) {
  std::string name = subject.str();
  Place place;
  File *file = nullptr;
  if (failed(parse(tensor, size, name, place)) ||
      failed(open(place.location, name, file)) ||
      failed(claim(*file, place, name)))
    return failure();
  result.bytes = file->mapping->getBytes().substr(place.offset, place.length);
  result.file = file->mapping;
  used = true;
  hasher.update(result.bytes);
  return success();
}

} // namespace mlir::qopt::importer
