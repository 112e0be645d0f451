//===- Calibrate.cpp - run samples through a tapped library ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A sample counts as a whole or not at all: its taps fill statistics of their
// own, which are merged when none of them met NaN or Inf. Merging does not
// depend on order, so samples run side by side, each with a handle of its own.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/Calibrate.h"
#include "qopt/Calibration/Diversity.h"
#include "qopt/Support/InvalidData.h"
#include "qopt/Support/ModelRun.h"
#include "qopt/Support/Names.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Threading.h"
#include "llvm/Support/thread.h"

#include <mutex>

using namespace llvm;

namespace mlir::qopt {

namespace {

/// What the taps of one run fill.
struct SampleObserver {
  std::vector<ColumnStatistics> taps;
  std::vector<uint8_t> padding;
  /// By tap: no row with a larger hash can be kept any more.
  std::vector<uint64_t> rowBounds;
  bool finite = true;
  std::string fault;

  void clear();
  void observe(int32_t index, const char *name, const float *data, int64_t rows,
               int64_t columns);
};

class Calibration {
public:
  explicit Calibration(const CalibrationOptions &options) : options(options) {}
  Calibration(const Calibration &) = delete;
  ~Calibration() { qopt_unload(&handle); }

  Expected<Statistics> run();

private:
  Error open();
  void work(unsigned threads);
  Error openModel(unsigned threads, SampleObserver &observer,
                  qopt_model *&model);
  bool takeSample(Sample &sample, int64_t &index, SampleObserver &observer);
  Error runSample(qopt_model *model, const Sample &sample,
                  SampleObserver &observer);
  Error add(const Sample &sample, SampleObserver &observer);
  void fail(int64_t index, Error error);

  const CalibrationOptions &options;
  qopt_handle handle = {};
  Signature signature;

  // Guarded by the mutex.
  std::mutex mutex;
  std::optional<SampleSet> samples;
  int64_t count = 0, taken = 0, done = 0;
  Statistics result;
  /// The failure of the earliest sample: which thread is first does not matter.
  int64_t failedIndex = INT64_MAX;
  Error failure = Error::success();
};

} // namespace

void SampleObserver::clear() {
  // The memory of one sample serves the next.
  for (ColumnStatistics &tap : taps)
    tap.clear();
  rowBounds.clear();
  finite = true;
}

void SampleObserver::observe(int32_t index, const char *name, const float *data,
                             int64_t rows, int64_t columns) {
  if (size_t(index) >= taps.size())
    taps.resize(index + 1);
  ColumnStatistics &tap = taps[index];
  tap.name = name;
  tap.number = index;
  if (tap.columns() != 0 && tap.columns() != columns) {
    fault = "activation " + quoteName(name) + " has " +
            std::to_string(tap.columns()) + ", then " +
            std::to_string(columns) + " columns";
    return;
  }
  // The mask speaks of positions: it fits activations that have a row for each.
  ArrayRef<uint8_t> mask;
  if (int64_t(padding.size()) == rows)
    mask = padding;
  uint64_t bound =
      size_t(index) < rowBounds.size() ? rowBounds[index] : UINT64_MAX;
  finite = finite && tap.add(data, rows, columns, mask, bound);
}

Error Calibration::open() {
  char text[512] = "";
  // The library is ours and has just been made: a failure names its path.
  if (qopt_load_library(options.library.c_str(), &handle, text, sizeof text))
    return invalidData(text);
  Expected<Signature> parsed = parseSignature(handle.api->signature_json());
  if (!parsed)
    return invalidData(options.library + ": " + toString(parsed.takeError()));
  signature = std::move(*parsed);
  Expected<SampleSet> opened =
      SampleSet::open(options.data, signature, options.samples);
  if (!opened)
    return opened.takeError();
  samples.emplace(std::move(*opened));
  count = samples->size();
  if (options.maxSamples > 0)
    count = std::min(count, options.maxSamples);
  return Error::success();
}

Error Calibration::openModel(unsigned threads, SampleObserver &observer,
                             qopt_model *&model) {
  char text[512] = "";
  qopt_options open = {};
  open.size = sizeof open;
  open.num_threads = threads;
  open.observe_user = &observer;
  open.observe = [](void *user, int32_t index, const char *name,
                    const float *data, int64_t rows, int64_t columns) {
    static_cast<SampleObserver *>(user)->observe(index, name, data, rows,
                                                 columns);
  };
  if (handle.api->open(&open, &model, text, sizeof text))
    return invalidData(options.library + ": " + text);
  return Error::success();
}

/// The next sample and the state of the statistics that its taps need.
bool Calibration::takeSample(Sample &sample, int64_t &index,
                             SampleObserver &observer) {
  std::lock_guard<std::mutex> lock(mutex);
  if (taken == count || failedIndex != INT64_MAX)
    return false;
  index = taken++;
  Expected<Sample> next = samples->next();
  if (!next) {
    failedIndex = index;
    failure = next.takeError();
    return false;
  }
  sample = std::move(*next);
  observer.clear();
  observer.padding = sample.padding();
  for (const ColumnStatistics &tap : result.taps) {
    observer.rowBounds.resize(tap.number, UINT64_MAX);
    observer.rowBounds.push_back(tap.rowBound());
  }
  return true;
}

Error Calibration::runSample(qopt_model *model, const Sample &sample,
                             SampleObserver &observer) {
  Expected<std::vector<OutputTensor>> outputs = runModel(
      *handle.api, model, viewTensors(sample.inputs), signature.outputs.size());
  if (!outputs)
    return invalidData(options.data + ": " + sample.name + ": " +
                       toString(outputs.takeError()) +
                       sample.describeIntegers(signature));
  if (!observer.fault.empty())
    return invalidData(options.data + ": " + sample.name + ": " +
                       observer.fault);
  return Error::success();
}

Error Calibration::add(const Sample &sample, SampleObserver &observer) {
  bool heldOut = isHeldOut(sample.hash());
  std::lock_guard<std::mutex> lock(mutex);
  result.samples += observer.finite;
  result.nonfiniteSamples += !observer.finite;
  result.heldOutSamples += observer.finite && heldOut;
  for (ColumnStatistics &tap : observer.taps) {
    // Not every sample reaches every tap.
    if (!observer.finite || tap.tokens + tap.masked == 0)
      continue;
    if (!heldOut)
      tap.setBase();
    if (Error error = result.merge(tap))
      return error;
  }
  ++done;
  if (options.progress)
    options.progress(done, count);
  return Error::success();
}

void Calibration::fail(int64_t index, Error error) {
  std::lock_guard<std::mutex> lock(mutex);
  if (index < failedIndex) {
    consumeError(std::move(failure));
    failedIndex = index;
    failure = std::move(error);
  } else {
    consumeError(std::move(error));
  }
}

/// What one thread does.
void Calibration::work(unsigned threads) {
  SampleObserver observer;
  qopt_model *model = nullptr;
  if (Error error = openModel(threads, observer, model))
    return fail(0, std::move(error));
  Sample sample;
  int64_t index = 0;
  while (takeSample(sample, index, observer)) {
    Error error = runSample(model, sample, observer);
    if (!error)
      error = add(sample, observer);
    if (error) {
      fail(index, std::move(error));
      break;
    }
  }
  handle.api->close(model);
}

Expected<Statistics> Calibration::run() {
  if (Error error = open()) {
    consumeError(std::move(failure));
    return std::move(error);
  }
  result.modelHash = signature.sourceSha256;
  unsigned threads =
      hardware_concurrency(options.threads).compute_thread_count();
  // Samples beside each other before threads within a run: nothing waits.
  unsigned workers = std::min<int64_t>(threads, count);
  // Not std::thread: where the system grants none, LLVM's end in its fatal
  // error handler.
  std::vector<llvm::thread> others;
  for (unsigned i = 1; i < workers; ++i)
    others.emplace_back([&] { work(threads / workers); });
  work(threads / workers);
  for (llvm::thread &thread : others)
    thread.join();
  if (failure)
    return std::move(failure);
  if (result.samples == 0)
    return invalidData(options.data + ": all " + Twine(count) +
                       " samples lead to NaN or Inf in activations");
  // Activations that have no row per position (a pooled one) escape the mask.
  if (llvm::any_of(result.taps, [](const ColumnStatistics &tap) {
        return tap.tokens == 0 && tap.masked != 0;
      }))
    return invalidData(options.data + ": attention_mask marks all of " +
                       Twine(result.samples) + " samples as padding");
  return std::move(result);
}

Expected<Statistics> runCalibration(const CalibrationOptions &options) {
  return Calibration(options).run();
}

} // namespace mlir::qopt
