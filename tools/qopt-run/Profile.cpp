//===- Profile.cpp - where the time of a run goes -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Time is that of the thread that called run: a kernel counts from the start of
// its loop to its end, whatever other threads did meanwhile. What is left of
// the run is the compiled code between kernels (serial loops, memory) and the
// runtime's checks of the arguments. The tables are about the faster half of
// the runs: what disturbed the others says nothing about the model.
//===----------------------------------------------------------------------===//

#include "Profile.h"
#include "Limits.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

#include <algorithm>
#include <map>
#include <tuple>

using namespace llvm;

namespace runner {

namespace {

/// Kernels that a row of a table is about.
struct Row {
  StringRef kernel, nodes, operand;
  int64_t calls = 0, time = 0, operations = 0, bytes = 0, weights = 0;

  void add(const qopt_event &event) {
    ++calls;
    time += event.end - event.begin;
    operations += event.operations;
    bytes += event.bytes;
    weights += event.weights;
  }
};

/// By kernel and nodes. The text lives as long as the library.
using Rows = MapVector<std::pair<StringRef, StringRef>, Row>;

class Tables {
public:
  Tables(const Profile &profile, raw_ostream &os) : profile(profile), os(os) {}

  void print() {
    addUp();
    if (!runs)
      return;
    measureLimits();
    os << format("%.3f ms per run", ms(total)) << ", the faster " << runs
       << " runs, " << profile.threads
       << (profile.threads == 1 ? " thread, " : " threads, ") << profile.isa
       << "\n";
    printMemory();
    printLimits();
    os << "\n      ms   share  calls    Gop/s     GB/s  of the limit  kernel\n";
    for (const Row &row : sorted(kernels))
      printRow(row, row.kernel);
    printRest(model - inKernels, "(between kernels)");
    printRest(total - model, "(checks of arguments, outputs)");
    os << "\n      ms   share  calls    Gop/s     GB/s  of the limit  kernel, "
          "nodes\n";
    printPlaces();
  }

private:
  static constexpr int64_t kShownShare = 200;

  double ms(int64_t time) const { return 1e-6 * time / runs; }
  double share(int64_t time) const { return 100.0 * time / total; }

  /// Begins and ends of the faster half of the runs.
  std::map<int64_t, int64_t> fasterRuns() const {
    std::vector<std::pair<int64_t, int64_t>> times;
    for (const qopt_event &event : profile.events)
      if (event.kind == QOPT_EVENT_RUN)
        times.emplace_back(event.begin, event.end);
    llvm::sort(times, [](const auto &a, const auto &b) {
      return std::tuple(a.second - a.first, a.first) <
             std::tuple(b.second - b.first, b.first);
    });
    times.resize((times.size() + 1) / 2);
    return {times.begin(), times.end()};
  }

  void addUp() {
    std::map<int64_t, int64_t> kept = fasterRuns();
    for (const qopt_event &event : profile.events) {
      auto next = kept.upper_bound(event.begin);
      if (next == kept.begin() || event.end > std::prev(next)->second)
        continue;
      int64_t time = event.end - event.begin;
      if (event.kind == QOPT_EVENT_RUN) {
        ++runs;
        total += time;
      } else if (event.kind == QOPT_EVENT_MODEL) {
        model += time;
      } else if (event.kind == QOPT_EVENT_KERNEL) {
        inKernels += time;
        addTo(kernels, "", event);
        addTo(places, event.nodes ? event.nodes : "", event);
      }
    }
  }

  static void addTo(Rows &rows, StringRef nodes, const qopt_event &event) {
    Row &row = rows[{event.kernel, nodes}];
    row.kernel = event.kernel;
    row.nodes = nodes;
    row.operand = event.operand ? event.operand : "";
    row.add(event);
  }

  static std::vector<Row> sorted(const Rows &rows) {
    std::vector<Row> result;
    for (const auto &[key, row] : rows)
      result.push_back(row);
    llvm::sort(result, [](const Row &a, const Row &b) {
      return std::tuple(b.time, a.kernel, a.nodes) <
             std::tuple(a.time, b.kernel, b.nodes);
    });
    return result;
  }

  void measureLimits() {
    for (const auto &[key, row] : kernels) {
      readBytes += row.weights / runs;
      if (!row.operand.empty() && !limits.contains(row.operand))
        limits[row.operand] =
            multiplyLimit(profile.isa, row.operand, profile.threads);
    }
    if (readBytes)
      readRate = readLimit(readBytes, profile.threads);
  }

  void printMemory() {
    const qopt_memory &memory = profile.memory;
    os << format("scratch memory: %.2f MiB; in use at a time at most %.2f MiB",
                 memory.peak_held / 1048576.0, memory.peak_live / 1048576.0);
    if (memory.peak_live)
      os << format(" (%.2fx)", double(memory.peak_held) / memory.peak_live);
    os << "\n";
  }

  void printLimits() {
    std::vector<std::string> parts;
    for (const auto &limit : limits)
      if (limit.second > 0)
        parts.push_back(
            formatv("{0:F0} Gop/s of {1}", limit.second, limit.first()));
    llvm::sort(parts);
    if (readBytes)
      parts.push_back(formatv("{0:F1} GB/s read of {1:F1} MB of weights",
                              readRate, 1e-6 * readBytes));
    if (!parts.empty())
      os << "limits here and now: " << llvm::join(parts, ", ") << "\n";
  }

  /// How much of the time the limit that binds leaves no choice about.
  std::string ofLimit(const Row &row) {
    if (row.operand.empty() || row.time == 0)
      return "";
    double multiply = limits.lookup(row.operand);
    double computing = multiply > 0 ? row.operations / multiply : 0;
    double reading = readRate > 0 ? row.weights / readRate : 0;
    if (computing == 0 && reading == 0)
      return "";
    std::string text;
    raw_string_ostream(text)
        << format("%.0f %% ", 100 * std::max(computing, reading) / row.time)
        << (computing >= reading ? row.operand : "read");
    return text;
  }

  void printRow(const Row &row, const Twine &name) {
    os << format("%8.3f %6.1f%% %6.0f ", ms(row.time), share(row.time),
                 double(row.calls) / runs);
    os << (row.operations
               ? formatv("{0,8:F1} ", double(row.operations) / row.time).str()
               : "         ");
    os << (row.time ? formatv("{0,8:F1} ", double(row.bytes) / row.time).str()
                    : "         ");
    os << formatv("{0,13}  ", ofLimit(row)) << name << "\n";
  }

  void printRest(int64_t time, StringRef name) {
    os << format("%8.3f %6.1f%%", ms(time), share(time)) << std::string(41, ' ')
       << name << "\n";
  }

  /// Rows of less than 1 / kShownShare of the time are added up.
  void printPlaces() {
    Row small;
    int64_t count = 0;
    for (const Row &row : sorted(places)) {
      if (row.time * kShownShare >= total) {
        printRow(row, row.kernel + "  " + oneLine(row));
        continue;
      }
      ++count;
      small.calls += row.calls;
      small.time += row.time;
      small.bytes += row.bytes;
    }
    if (count)
      printRow(small, "(" + Twine(count) + " more)");
  }

  /// A fused loop may compute dozens of nodes.
  static std::string oneLine(const Row &row) {
    constexpr size_t shown = 3;
    SmallVector<StringRef> names;
    row.nodes.split(names, '\n', -1, /*KeepEmpty=*/false);
    if (names.empty())
      return "";
    size_t count = names.size();
    names.truncate(std::min(count, shown));
    std::string text = llvm::join(names, " + ");
    if (count > shown)
      text += " + " + std::to_string(count - shown) + " more";
    return text;
  }

  const Profile &profile;
  raw_ostream &os;
  Rows kernels, places;
  StringMap<double> limits;
  int64_t runs = 0, total = 0, model = 0, inKernels = 0, readBytes = 0;
  double readRate = 0;
};

} // namespace

void Profile::print(raw_ostream &os) const { Tables(*this, os).print(); }

static StringRef nameOf(const qopt_event &event) {
  switch (event.kind) {
  case QOPT_EVENT_RUN:
    return "run";
  case QOPT_EVENT_MODEL:
    return "model";
  default:
    return event.kernel ? event.kernel : "";
  }
}

void Profile::writeTrace(raw_ostream &os) const {
  static constexpr StringLiteral kinds[] = {"run", "model", "kernel", "chunk"};
  int64_t origin = 0;
  for (const qopt_event &event : events)
    if (event.kind == QOPT_EVENT_RUN && (!origin || event.begin < origin))
      origin = event.begin;
  json::OStream json(os);
  auto thread = [&](int index) {
    json.object([&] {
      json.attribute("name", "thread_name");
      json.attribute("ph", "M");
      json.attribute("pid", 1);
      json.attribute("tid", index);
      json.attributeObject("args", [&] {
        json.attribute("name",
                       index ? "thread " + std::to_string(index) : "caller");
      });
    });
  };
  auto details = [&](const qopt_event &event) {
    if (event.nodes) {
      SmallVector<StringRef> names;
      StringRef(event.nodes).split(names, '\n');
      json.attributeArray("nodes", [&] {
        for (StringRef name : names)
          json.value(json::fixUTF8(name));
      });
    }
    if (event.kind != QOPT_EVENT_KERNEL)
      return;
    if (event.operand)
      json.attribute("operand", event.operand);
    if (event.operations) {
      json.attribute("operations", event.operations);
      json.attribute("Gop/s",
                     double(event.operations) /
                         std::max<int64_t>(1, event.end - event.begin));
    }
    json.attribute("bytes", event.bytes);
    if (event.weights)
      json.attribute("weights", event.weights);
  };
  json.object([&] {
    json.attribute("displayTimeUnit", "ms");
    json.attributeArray("traceEvents", [&] {
      for (int i = 0; i < threads; ++i)
        thread(i);
      for (const qopt_event &event : events)
        json.object([&] {
          json.attribute("name", json::fixUTF8(nameOf(event)));
          json.attribute("cat", kinds[event.kind & 3]);
          json.attribute("ph", "X");
          // Microseconds.
          json.attribute("ts", 1e-3 * (event.begin - origin));
          json.attribute("dur", 1e-3 * (event.end - event.begin));
          json.attribute("pid", 1);
          json.attribute("tid", event.thread);
          json.attributeObject("args", [&] { details(event); });
        });
    });
  });
  os << "\n";
}

} // namespace runner
