//===- StatisticsFile.cpp - statistics as a JSON file ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Floats are written with the 17 digits of a double, so that reading gives back
// the same value. Per column, the counts are cut behind the last one that is
// not zero: they fall with the edge. Every field is checked on reading, since
// the file may come from anywhere.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/Statistics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace llvm;

namespace mlir::qopt {

static constexpr int64_t fileVersion = 1;

std::string Statistics::toJSON() const {
  std::string text;
  raw_string_ostream os(text);
  json::OStream out(os, /*IndentSize=*/1);
  ArrayRef<float> edges = exceedanceEdges();
  out.object([&] {
    out.attribute("qopt_statistics", fileVersion);
    out.attribute("model_sha256", modelHash);
    out.attribute("samples", int64_t(samples));
    out.attribute("nonfinite_samples", int64_t(nonfiniteSamples));
    // One line each: the file is read by people too.
    out.attributeBegin("edges");
    out.rawValue([&](raw_ostream &raw) {
      json::OStream line(raw);
      line.array([&] {
        for (float edge : edges)
          line.value(double(edge));
      });
    });
    out.attributeEnd();
    out.attributeArray("taps", [&] {
      for (const ColumnStatistics &tap : taps)
        out.object([&] {
          out.attribute("name", tap.name);
          out.attribute("tokens", int64_t(tap.tokens));
          out.attribute("masked", int64_t(tap.masked));
          out.attributeBegin("absmax");
          out.rawValue([&](raw_ostream &raw) {
            json::OStream line(raw);
            line.array([&] {
              for (float value : tap.absmax)
                line.value(double(value));
            });
          });
          out.attributeEnd();
          out.attributeBegin("hits");
          out.rawValue([&](raw_ostream &raw) {
            json::OStream line(raw);
            line.array([&] {
              for (int64_t k = 0; k < tap.columns(); ++k)
                line.array([&] {
                  for (unsigned e = 0; e < edges.size() && tap.hits(e, k); ++e)
                    line.value(int64_t(tap.hits(e, k)));
                });
            });
          });
          out.attributeEnd();
        });
    });
  });
  os << '\n';
  return text;
}

namespace {
/// Reads one file; the first fault is kept and ends the reading.
class Reader {
public:
  explicit Reader(StringRef path) : path(path) {}

  bool fail(const Twine &why) {
    if (fault.empty())
      fault = (path + ": " + why).str();
    return false;
  }

  /// A count: an integer of at least 0.
  bool readCount(const json::Object &object, StringRef key, uint64_t &result) {
    std::optional<int64_t> value = object.getInteger(key);
    if (!value || *value < 0)
      return fail("'" + key + "' must be an integer of at least 0");
    result = *value;
    return true;
  }

  bool readTap(const json::Value &value, ColumnStatistics &tap,
               std::vector<uint64_t> &counts);

  bool
  read(const json::Value &root, Statistics &result,
       function_ref<bool(const json::Value &, ColumnStatistics &)> readTap);

  std::string takeFault() { return std::move(fault); }

private:
  StringRef path;
  std::string fault;
};
} // namespace

bool Reader::readTap(const json::Value &value, ColumnStatistics &tap,
                     std::vector<uint64_t> &counts) {
  const json::Object *object = value.getAsObject();
  if (!object)
    return fail("an entry of 'taps' is no object");
  std::optional<StringRef> name = object->getString("name");
  if (!name)
    return fail("an entry of 'taps' has no 'name'");
  tap.name = name->str();
  const json::Array *absmax = object->getArray("absmax");
  const json::Array *hits = object->getArray("hits");
  if (!readCount(*object, "tokens", tap.tokens) ||
      !readCount(*object, "masked", tap.masked))
    return false;
  if (!absmax || !hits || absmax->size() != hits->size())
    return fail("tap '" + tap.name +
                "' needs the arrays 'absmax' and 'hits', of one length");

  size_t columns = absmax->size(), edges = exceedanceEdges().size();
  counts.assign(edges * columns, 0);
  for (size_t k = 0; k < columns; ++k) {
    std::optional<double> largest = (*absmax)[k].getAsNumber();
    if (!largest || !std::isfinite(*largest) || *largest < 0)
      return fail("tap '" + tap.name + "': absmax[" + Twine(k) +
                  "] must be a finite number of at least 0");
    tap.absmax.push_back(float(*largest));
    const json::Array *column = (*hits)[k].getAsArray();
    if (!column || column->size() > edges)
      return fail("tap '" + tap.name + "': hits[" + Twine(k) +
                  "] must be an array with one count per edge");
    uint64_t last = tap.tokens;
    for (size_t e = 0; e < column->size(); ++e) {
      std::optional<int64_t> count = (*column)[e].getAsInteger();
      if (!count || *count < 0 || uint64_t(*count) > last)
        return fail("tap '" + tap.name + "': the counts of hits[" + Twine(k) +
                    "] must fall, from 'tokens' at most");
      last = counts[e * columns + k] = *count;
    }
  }
  return true;
}

bool Reader::read(
    const json::Value &root, Statistics &result,
    function_ref<bool(const json::Value &, ColumnStatistics &)> readTap) {
  const json::Object *object = root.getAsObject();
  std::optional<int64_t> version =
      object ? object->getInteger("qopt_statistics") : std::nullopt;
  if (!version)
    return fail("is no statistics file of qopt");
  if (*version != fileVersion)
    return fail("has version " + Twine(*version) + " of the format; this is " +
                Twine(fileVersion));
  std::optional<StringRef> hash = object->getString("model_sha256");
  if (!hash)
    return fail("'model_sha256' is missing");
  result.modelHash = hash->str();
  if (!readCount(*object, "samples", result.samples) ||
      !readCount(*object, "nonfinite_samples", result.nonfiniteSamples))
    return false;

  const json::Array *edges = object->getArray("edges");
  if (!edges || edges->size() != exceedanceEdges().size())
    return fail("'edges' must be the " + Twine(exceedanceEdges().size()) +
                " edges 6 * 2^(i/2)");
  for (auto [value, edge] : zip_equal(*edges, exceedanceEdges())) {
    std::optional<double> number = value.getAsNumber();
    if (!number || float(*number) != edge)
      return fail("'edges' must be 6 * 2^(i/2), i = -8 .. 8");
  }
  const json::Array *taps = object->getArray("taps");
  if (!taps)
    return fail("'taps' is missing");
  for (const json::Value &value : *taps)
    if (!readTap(value, result.taps.emplace_back()))
      return false;
  return true;
}

Expected<Statistics> Statistics::fromJSON(StringRef text, StringRef path) {
  Expected<json::Value> root = json::parse(text);
  if (!root)
    return createStringError(path + ": " + toString(root.takeError()));
  Statistics result;
  Reader reader(path);
  bool good = reader.read(*root, result,
                          [&](const json::Value &value, ColumnStatistics &tap) {
                            return reader.readTap(value, tap, tap.counts);
                          });
  if (!good)
    return createStringError(reader.takeFault());
  return result;
}

Error Statistics::save(StringRef path) const {
  // Through a temporary and a rename: a file that is there stays whole.
  return writeToOutput(path, [&](raw_ostream &os) {
    os << toJSON();
    return Error::success();
  });
}

Expected<Statistics> Statistics::load(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer =
      MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return createStringError(buffer.getError(),
                             path + ": " + buffer.getError().message());
  return fromJSON((*buffer)->getBuffer(), path);
}

} // namespace mlir::qopt
