//===- Windows.cpp - which tokens are seen and which are judged -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Evaluation/Windows.h"
#include "qopt/Support/InvalidData.h"

#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace mlir::qopt {

static bool isFull(const WindowList &list, const ProtocolOptions &options) {
  return options.limit > 0 && int64_t(list.windows.size()) >= options.limit;
}

static void cutDocuments(const TokenFile &file, const ProtocolOptions &options,
                         WindowList &list) {
  list.description =
      options.window > 0
          ? formatv("documents, each on its own, cut to {0} tokens",
                    options.window)
          : std::string("documents, each on its own");
  for (int64_t i = 0; i < file.documents() && !isFull(list, options); ++i) {
    ArrayRef<int32_t> ids = file.document(i);
    if (options.window > 0)
      ids = ids.take_front(options.window);
    if (ids.size() < 2)
      ++list.dropped;
    else
      list.windows.push_back({ids, 0, int64_t(ids.size()) - 1});
  }
}

static void cutStream(const TokenFile &file, const ProtocolOptions &options,
                      WindowList &list) {
  int64_t size = file.ids.size(), window = options.window;
  int64_t stride = options.stride > 0 ? options.stride : window;
  list.description = formatv("windows of {0} tokens, stride {1}, the remainder "
                             "is dropped",
                             window, stride);
  int64_t scored = 0, begin = 0;
  for (; begin + window <= size && !isFull(list, options); begin += stride) {
    // Position t predicts token t + 1; what a window before has judged is
    // context here.
    int64_t first = std::max<int64_t>(scored - begin, 0);
    list.windows.push_back(
        {ArrayRef(file.ids).slice(begin, window), first, window - 1});
    scored = begin + window - 1;
    list.dropped = size - begin - window;
  }
}

static void cutLlamaCpp(const TokenFile &file, const ProtocolOptions &options,
                        WindowList &list) {
  int64_t size = file.ids.size(), window = options.window;
  list.description = formatv("llama.cpp: windows of {0} tokens, the second "
                             "half is scored{1}",
                             window, options.bos ? ", BOS at each" : "");
  for (int64_t begin = 0; begin + window <= size && !isFull(list, options);
       begin += window) {
    ArrayRef<int32_t> ids = ArrayRef(file.ids).slice(begin, window);
    if (options.bos) {
      list.storage.push_back(ids.vec());
      list.storage.back()[0] = *options.bos;
      ids = list.storage.back();
    }
    list.windows.push_back({ids, window / 2, window - 1});
    list.dropped = size - begin - window;
  }
}

Expected<WindowList> cutWindows(const TokenFile &file,
                                const ProtocolOptions &options) {
  WindowList list;
  bool documents = options.protocol == Protocol::Documents;
  if (!documents && options.window < 2)
    return invalidData("a window of " + Twine(options.window) +
                       " tokens predicts nothing");
  if (options.protocol == Protocol::Windows && options.stride > options.window)
    return invalidData("a stride of " + Twine(options.stride) +
                       " leaves tokens out between windows of " +
                       Twine(options.window));
  switch (options.protocol) {
  case Protocol::Documents:
    cutDocuments(file, options, list);
    break;
  case Protocol::Windows:
    cutStream(file, options, list);
    break;
  case Protocol::LlamaCpp:
    cutLlamaCpp(file, options, list);
    break;
  }
  if (list.windows.empty())
    return invalidData(documents ? "no document has two tokens"
                                 : "the file holds " + Twine(file.ids.size()) +
                                       " tokens, less than one window of " +
                                       Twine(options.window));
  return std::move(list);
}

} // namespace mlir::qopt
