//===- StatisticsReader.cpp - statistics from a file ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The file may come from anywhere: every number is checked before a pass uses
// it, and messages name the file, the tap and the array.
//===----------------------------------------------------------------------===//

#include "StatisticsFile.h"
#include "qopt/Calibration/Statistics.h"
#include "qopt/Support/InvalidData.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/Npy.h"
#include "qopt/Support/Npz.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstring>

using namespace llvm;

namespace mlir::qopt {

class StatisticsReader {
public:
  explicit StatisticsReader(StringRef path) : path(path) {}
  Expected<Statistics> read();

private:
  Error fail(const Twine &why) const { return invalidData(path + ": " + why); }
  Error failIn(const Twine &array, const Twine &why) const {
    return fail("tap " + quoteName(tap) + ": array '" + array + "' " + why);
  }
  Error withPath(Error error) const;
  Error readMeta(const json::Value &root);
  Error readTapMeta(const json::Value &value);
  Error readCount(const json::Object &object, StringRef key, uint64_t &result);
  template <typename T>
  Error readArray(StringRef name, ArrayRef<int64_t> shape,
                  std::vector<T> &result, int64_t *rows = nullptr);
  Error readHistogram(StringRef name, uint64_t count, Histogram &result);
  Error readColumns(ColumnStatistics &statistics);
  Error readHits(ColumnStatistics &statistics);
  Error readTap(int64_t index, ColumnStatistics &statistics);
  Error readRows(ColumnStatistics &statistics);

  StringRef path;
  std::optional<NpzArchive> archive;
  Statistics result;
  std::vector<int64_t> columns;
  /// Of the tap being read.
  std::string tap, prefix;
};

/// What the archive could not be opened for.
Error StatisticsReader::withPath(Error error) const {
  return handleErrors(std::move(error), [&](const StringError &text) -> Error {
    std::error_code code = text.convertToErrorCode();
    std::string why = text.getMessage();
    if (code.category() == std::generic_category() &&
        code != std::errc::invalid_argument)
      why = code.message();
    else if (why == "is not an npz archive")
      why = "is no statistics file of qopt";
    return createStringError(code, path + ": " + why);
  });
}

/// A count: an integer of at least 0.
Error StatisticsReader::readCount(const json::Object &object, StringRef key,
                                  uint64_t &result) {
  std::optional<int64_t> value = object.getInteger(key);
  if (!value || *value < 0)
    return fail("'" + key + "' must be an integer of at least 0");
  result = *value;
  return Error::success();
}

Error StatisticsReader::readTapMeta(const json::Value &value) {
  const json::Object *object = value.getAsObject();
  std::optional<StringRef> name =
      object ? object->getString("name") : std::nullopt;
  if (!name)
    return fail("an entry of 'taps' has no 'name'");
  ColumnStatistics &entry = result.taps.emplace_back(name->str());
  uint64_t number = 0, width = 0;
  for (auto [key, field] :
       {std::pair("number", &number), std::pair("columns", &width),
        std::pair("tokens", &entry.tokens), std::pair("masked", &entry.masked),
        std::pair("base_tokens", &entry.early.tokens)})
    if (Error error = readCount(*object, key, *field))
      return error;
  entry.number = number;
  columns.push_back(width);
  size_t count = result.taps.size();
  if (count > 1 && result.taps[count - 2].number >= entry.number)
    return fail("the numbers of 'taps' must rise");
  if (entry.early.tokens > entry.tokens)
    return fail("tap " + quoteName(*name) + ": more base tokens than tokens");
  return Error::success();
}

Error StatisticsReader::readMeta(const json::Value &root) {
  const json::Object *object = root.getAsObject();
  if (!object || object->getString("format") != formatName)
    return fail("is no statistics file of qopt");
  for (auto [key, known] : {std::pair("version", formatVersion),
                            std::pair("observer", observerVersion)})
    if (std::optional<int64_t> version = object->getInteger(key);
        version != known)
      return fail("has '" + Twine(key) + "' " +
                  (version ? std::to_string(*version) : "missing") +
                  "; this qopt reads " + Twine(known) + ": calibrate again");
  std::optional<StringRef> hash = object->getString("model_sha256");
  if (!hash)
    return fail("'model_sha256' is missing");
  result.modelHash = hash->str();
  for (auto [key, field] :
       {std::pair("samples", &result.samples),
        std::pair("held_out_samples", &result.heldOutSamples),
        std::pair("nonfinite_samples", &result.nonfiniteSamples)})
    if (Error error = readCount(*object, key, *field))
      return error;
  const json::Array *edges = object->getArray("edges");
  bool known = edges && edges->size() == exceedanceEdges().size();
  for (size_t i = 0; known && i < edges->size(); ++i) {
    std::optional<double> edge = (*edges)[i].getAsNumber();
    known = edge && float(*edge) == exceedanceEdges()[i];
  }
  if (!known)
    return fail("'edges' must be 6 * 2^(i/2), i = -8 .. 8");
  const json::Array *taps = object->getArray("taps");
  if (!taps)
    return fail("'taps' is missing");
  for (const json::Value &value : *taps)
    if (Error error = readTapMeta(value))
      return error;
  return Error::success();
}

/// Reads the array of the tap. With `rows`, axis 0 has any size, which is
/// stored there.
template <typename T>
Error StatisticsReader::readArray(StringRef name, ArrayRef<int64_t> shape,
                                  std::vector<T> &result, int64_t *rows) {
  Expected<std::unique_ptr<MemoryBuffer>> bytes =
      archive->read(prefix + name.str());
  if (!bytes)
    return fail(toString(bytes.takeError()));
  Expected<NpyArray> array = parseNpy((*bytes)->getBuffer());
  if (!array)
    return failIn(name, toString(array.takeError()));
  NpyType wanted{std::is_same_v<T, float> ? 'f' : 'u', sizeof(T)};
  if (!(array->type == wanted))
    return failIn(name,
                  "holds " + array->type.str() + ", expected " + wanted.str());
  SmallVector<int64_t> expected(shape);
  if (rows && !array->shape.empty())
    *rows = expected[0] = array->shape[0];
  if (ArrayRef<int64_t>(array->shape) != ArrayRef<int64_t>(expected))
    return failIn(name, "has another shape than the tap's columns ask for");
  result.resize(array->elements);
  if (array->elements)
    std::memcpy(result.data(), array->data.data(), array->data.size());
  return Error::success();
}

/// Pairs of bin and count, `count` values in all; lo and hi are set before.
Error StatisticsReader::readHistogram(StringRef name, uint64_t count,
                                      Histogram &result) {
  std::vector<uint64_t> pairs;
  int64_t bins = 0;
  if (Error error = readArray(name, {0, 2}, pairs, &bins))
    return error;
  int64_t next = 0;
  for (int64_t i = 0; i < bins; ++i) {
    uint64_t bin = pairs[2 * i], hits = pairs[2 * i + 1];
    if (bin < uint64_t(next) || bin >= uint64_t(Histogram::numBins) ||
        hits == 0 || hits > count - result.count())
      return failIn(name, "must hold rising bins below " +
                              Twine(Histogram::numBins) + " with counts of " +
                              Twine(count) + " values");
    result.addToBin(bin, hits);
    next = bin + 1;
  }
  if (result.count() != count)
    return failIn(name, "counts " + Twine(result.count()) +
                            " values, expected " + Twine(count));
  return Error::success();
}

Error StatisticsReader::readColumns(ColumnStatistics &statistics) {
  int64_t width = columns[&statistics - result.taps.data()];
  Histogram &values = statistics.values;
  statistics.resize(width);
  if (Error error = readArray("lo", width, statistics.lo))
    return error;
  if (Error error = readArray("hi", width, statistics.hi))
    return error;
  if (Error error = readArray("base_absmax", width, statistics.early.absmax))
    return error;
  for (int64_t k = 0; k < width; ++k) {
    float lo = statistics.lo[k], hi = statistics.hi[k];
    if (!std::isfinite(lo) || !std::isfinite(hi) || lo > hi)
      return failIn("hi", "must be finite and at least 'lo' at " + Twine(k));
    statistics.absmax[k] = std::max(-lo, hi);
    if (!(statistics.early.absmax[k] >= 0 &&
          statistics.early.absmax[k] <= statistics.absmax[k]))
      return failIn("base_absmax",
                    "must be within 0 and the absmax at " + Twine(k));
    values.lo = k ? std::min(values.lo, lo) : lo;
    values.hi = k ? std::max(values.hi, hi) : hi;
  }
  return Error::success();
}

Error StatisticsReader::readHits(ColumnStatistics &statistics) {
  int64_t width = statistics.columns(), edges = exceedanceEdges().size();
  if (Error error = readArray("hits", {edges, width}, statistics.counts))
    return error;
  if (Error error = readArray("base_hits", width, statistics.early.hits))
    return error;
  for (int64_t k = 0; k < width; ++k) {
    uint64_t last = statistics.tokens;
    for (int64_t e = 0; e < edges; ++e) {
      uint64_t count = statistics.hits(e, k);
      if (count > last)
        return failIn("hits", "must fall in column " + Twine(k) + ", from " +
                                  Twine(statistics.tokens) + " tokens at most");
      last = count;
    }
    if (statistics.early.hits[k] > statistics.hits(outlierEdge, k))
      return failIn("base_hits", "must be within the hits at " + Twine(k));
  }
  return Error::success();
}

Error StatisticsReader::readRows(ColumnStatistics &statistics) {
  std::vector<float> rows;
  std::vector<uint64_t> counts;
  int64_t width = statistics.columns(), kept = 0;
  if (Error error = readArray("rows", {0, width}, rows, &kept))
    return error;
  if (Error error = readArray("row_counts", kept, counts))
    return error;
  if (!llvm::all_of(rows, [](float value) { return std::isfinite(value); }))
    return failIn("rows", "holds NaN or Inf");
  uint64_t total = 0;
  for (int64_t i = 0; i < kept; ++i) {
    if (counts[i] == 0 || counts[i] > statistics.tokens - total)
      return failIn("row_counts", "must sum up to the tokens at most");
    total += counts[i];
    ArrayRef<float> row = ArrayRef<float>(rows).slice(i * width, width);
    statistics.sketch.add(row, hashRow(row), counts[i]);
    // Were it not the next one, it would be equal to another or out of order.
    if (statistics.keptRows() != i + 1 ||
        statistics.keptRow(i) != ArrayRef<float>(row))
      return failIn("rows", "must be distinct, by their hash, and " +
                                Twine(RowSketch::limit(width)) + " at most");
  }
  return Error::success();
}

Error StatisticsReader::readTap(int64_t index, ColumnStatistics &statistics) {
  tap = statistics.name;
  prefix = std::to_string(index) + ".";
  if (Error error = readColumns(statistics))
    return error;
  if (Error error = readHits(statistics))
    return error;
  bool tooMany = false;
  uint64_t values = SaturatingMultiply(
      statistics.tokens, uint64_t(statistics.columns()), &tooMany);
  if (tooMany)
    return fail("tap " + quoteName(tap) + ": too many tokens");
  if (Error error = readHistogram("histogram", values, statistics.values))
    return error;
  std::vector<float> range;
  if (Error error = readArray("token_absmax_range", 2, range))
    return error;
  if (!(range[0] >= 0 && range[0] <= range[1] && std::isfinite(range[1])))
    return failIn("token_absmax_range", "must be two rising magnitudes");
  statistics.rowAbsmax.lo = range[0];
  statistics.rowAbsmax.hi = range[1];
  if (Error error = readHistogram("token_absmax", statistics.tokens,
                                  statistics.rowAbsmax))
    return error;
  return readRows(statistics);
}

Expected<Statistics> StatisticsReader::read() {
  Expected<NpzArchive> opened = NpzArchive::open(path, {}, metaName);
  if (!opened)
    return withPath(opened.takeError());
  archive.emplace(std::move(*opened));
  if (!is_contained(archive->getNames(), metaName))
    return fail("is no statistics file of qopt");
  Expected<std::unique_ptr<MemoryBuffer>> bytes = archive->read(metaName);
  if (!bytes)
    return fail(toString(bytes.takeError()));
  Expected<json::Value> root = json::parse((*bytes)->getBuffer());
  if (!root)
    return fail("'" + metaName + "': " + toString(root.takeError()));
  if (Error error = readMeta(*root))
    return std::move(error);
  for (auto [i, statistics] : enumerate(result.taps))
    if (Error error = readTap(i, statistics))
      return std::move(error);
  return std::move(result);
}

Expected<Statistics> Statistics::load(StringRef path) {
  return StatisticsReader(path).read();
}

} // namespace mlir::qopt
