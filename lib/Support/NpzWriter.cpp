//===- NpzWriter.cpp - writes archives of NumPy arrays --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libzip writes to a path of its own choice; here it gets a descriptor, so that
// the file is made like every other result: reserved, checked, on disk,
// renamed.
//===----------------------------------------------------------------------===//

#include "qopt/Support/NpzWriter.h"

#include "qopt/Support/AtomicFile.h"

#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <unistd.h>
#include <zip.h>

using namespace llvm;

namespace mlir::qopt {

void NpzWriter::addText(StringRef name, std::string text) {
  members.push_back({name.str(), std::move(text), {}});
}

void NpzWriter::addArray(StringRef name, NpyType type, ArrayRef<int64_t> shape,
                         StringRef data) {
  std::string header;
  raw_string_ostream os(header);
  writeNpy(os, type, shape, "");
  members.push_back({(name + ".npy").str(), std::move(header), data});
}

namespace {
/// An empty archive at first, in a file that is open.
struct Target {
  int fd;
  zip_error_t error;

  zip_int64_t fail(int code) {
    zip_error_set(&error, code, errno);
    return -1;
  }
  zip_int64_t seek(void *data, zip_uint64_t length) {
    zip_source_args_seek_t *args =
        ZIP_SOURCE_GET_ARGS(zip_source_args_seek_t, data, length, &error);
    if (!args)
      return -1;
    return ::lseek(fd, args->offset, args->whence) < 0 ? fail(ZIP_ER_SEEK) : 0;
  }
  zip_int64_t stat(void *data) {
    auto *result = static_cast<zip_stat_t *>(data);
    zip_stat_init(result);
    result->size = 0;
    result->valid |= ZIP_STAT_SIZE;
    return sizeof *result;
  }
};
} // namespace

static zip_int64_t handle(void *user, void *data, zip_uint64_t length,
                          zip_source_cmd_t command) {
  auto &target = *static_cast<Target *>(user);
  switch (command) {
  case ZIP_SOURCE_OPEN:
  case ZIP_SOURCE_READ:
  case ZIP_SOURCE_CLOSE:
  case ZIP_SOURCE_FREE:
  case ZIP_SOURCE_BEGIN_WRITE:
  case ZIP_SOURCE_COMMIT_WRITE:
  case ZIP_SOURCE_ROLLBACK_WRITE:
  case ZIP_SOURCE_REMOVE:
    return 0;
  case ZIP_SOURCE_STAT:
    return target.stat(data);
  case ZIP_SOURCE_ERROR:
    return zip_error_to_data(&target.error, data, length);
  case ZIP_SOURCE_SEEK:
  case ZIP_SOURCE_SEEK_WRITE:
    return target.seek(data, length);
  case ZIP_SOURCE_TELL:
  case ZIP_SOURCE_TELL_WRITE:
    return ::lseek(target.fd, 0, SEEK_CUR);
  case ZIP_SOURCE_WRITE: {
    StringRef bytes(static_cast<const char *>(data), length);
    while (!bytes.empty()) {
      ssize_t written = ::write(target.fd, bytes.data(), bytes.size());
      if (written < 0 && errno != EINTR)
        return target.fail(ZIP_ER_WRITE);
      bytes = bytes.drop_front(std::max<ssize_t>(written, 0));
    }
    return length;
  }
  case ZIP_SOURCE_SUPPORTS:
    return zip_source_make_command_bitmap(
        ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
        ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL,
        ZIP_SOURCE_BEGIN_WRITE, ZIP_SOURCE_COMMIT_WRITE,
        ZIP_SOURCE_ROLLBACK_WRITE, ZIP_SOURCE_SEEK_WRITE, ZIP_SOURCE_TELL_WRITE,
        ZIP_SOURCE_WRITE, ZIP_SOURCE_REMOVE, ZIP_SOURCE_SUPPORTS, -1);
  default:
    zip_error_set(&target.error, ZIP_ER_OPNOTSUPP, 0);
    return -1;
  }
}

/// Adds the bytes of a member, which are in two parts.
static bool addMember(zip_t *archive, const std::string &name, StringRef head,
                      StringRef data) {
  zip_buffer_fragment_t parts[2];
  zip_uint64_t count = 0;
  for (StringRef part : {head, data})
    if (!part.empty())
      // libzip wants to be able to free it, and is told not to.
      parts[count++] = {const_cast<zip_uint8_t *>(part.bytes_begin()),
                        part.size()};
  zip_source_t *source = zip_source_buffer_fragment(archive, parts, count, 0);
  if (!source)
    return false;
  zip_int64_t index =
      zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    return false;
  }
  // The first day that the format knows.
  constexpr zip_uint16_t date = 1 << 5 | 1;
  return zip_set_file_compression(archive, index, ZIP_CM_STORE, 0) == 0 &&
         zip_file_set_dostime(archive, index, 0, date, 0) == 0;
}

Error NpzWriter::write(StringRef path) const {
  auto fail = [&](zip_error_t &error) {
    // Of a full disk the number tells more than libzip's own words.
    int number = zip_error_code_system(&error);
    std::error_code code =
        number ? std::error_code(number, std::generic_category())
               : std::make_error_code(std::errc::io_error);
    return createStringError(code, path + ": " + code.message());
  };
  Expected<AtomicFile> file = AtomicFile::create(path);
  if (!file)
    return createStringError(errorToErrorCode(file.takeError()),
                             path + ": cannot be written");
  Target target{file->getFd(), {}};
  zip_error_init(&target.error);
  zip_source_t *source =
      zip_source_function_create(handle, &target, &target.error);
  zip_t *archive = source
                       ? zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE,
                                              &target.error)
                       : nullptr;
  if (!archive) {
    if (source)
      zip_source_free(source);
    return fail(target.error);
  }
  bool added = true;
  for (const Member &member : members)
    added = added && addMember(archive, member.name, member.head, member.data);
  if (!added || zip_close(archive) != 0) {
    Error error = fail(*zip_get_error(archive));
    zip_discard(archive);
    return error;
  }
  if (Error error = file->commit(0666))
    return createStringError(path + ": " + toString(std::move(error)));
  return Error::success();
}

} // namespace mlir::qopt
