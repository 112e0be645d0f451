//===- Calibrate.cpp - run samples through a tapped library ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A sample counts as a whole or not at all: its taps fill statistics of their
// own, which are merged when none of them met NaN or Inf.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/Calibrate.h"
#include "qopt/Calibration/Samples.h"
#include "qopt/Support/Names.h"
#include "qopt/model.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace mlir::qopt {

static Error invalid(const Twine &message) {
  return createStringError(std::make_error_code(std::errc::invalid_argument),
                           message);
}

namespace {

/// What the taps of one run fill.
struct SampleObserver {
  std::vector<ColumnStatistics> taps;
  std::vector<uint8_t> padding;
  bool finite = true;
  std::string fault;

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
  Error runSample(const SampleSet &samples, int64_t sample, Statistics &result);

  const CalibrationOptions &options;
  qopt_handle handle = {};
  Signature signature;
  SampleObserver observer;
};

} // namespace

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
  finite &= tap.add(data, rows, columns, mask);
}

Error Calibration::open() {
  char text[512] = "";
  // The library is ours and has just been made: a failure names its path.
  if (qopt_load_library(options.library.c_str(), &handle, text, sizeof text))
    return invalid(text);
  Expected<Signature> parsed = parseSignature(handle.api->signature_json());
  if (!parsed)
    return invalid(options.library + ": " + toString(parsed.takeError()));
  signature = std::move(*parsed);

  qopt_options open = {};
  open.size = sizeof open;
  open.num_threads = options.threads;
  open.observe_user = &observer;
  open.observe = [](void *user, int32_t index, const char *name,
                    const float *data, int64_t rows, int64_t columns) {
    static_cast<SampleObserver *>(user)->observe(index, name, data, rows,
                                                 columns);
  };
  if (handle.api->open(&open, &handle.model, text, sizeof text))
    return invalid(options.library + ": " + text);
  return Error::success();
}

Error Calibration::runSample(const SampleSet &samples, int64_t sample,
                             Statistics &result) {
  observer = {};
  observer.padding = samples.padding(sample);
  std::vector<SampleInput> inputs = samples.inputs(sample);
  std::vector<DLTensor> in;
  for (const SampleInput &input : inputs) {
    int code = input.type.kind == 'f'   ? int(kDLFloat)
               : input.type.kind == 'b' ? int(kDLBool)
               : input.type.kind == 'u' ? int(kDLUInt)
                                        : int(kDLInt);
    in.push_back(qopt_tensor(input.data, code, input.type.bytes * 8,
                             input.shape.size(), input.shape.data()));
  }
  std::vector<DLManagedTensorVersioned *> out(signature.outputs.size());
  char text[512] = "";
  if (qopt_run_owned(&handle, in.data(), in.size(), out.data(), out.size(),
                     text, sizeof text))
    return invalid(options.data + ": sample " + Twine(sample) + ": " + text);
  for (DLManagedTensorVersioned *tensor : out)
    tensor->deleter(tensor);
  if (!observer.fault.empty())
    return invalid(options.data + ": sample " + Twine(sample) + ": " +
                   observer.fault);

  if (!observer.finite) {
    ++result.nonfiniteSamples;
    return Error::success();
  }
  Statistics one;
  one.modelHash = result.modelHash;
  one.samples = 1;
  for (ColumnStatistics &tap : observer.taps)
    if (!tap.name.empty())
      one.taps.push_back(std::move(tap));
  return result.merge(one);
}

Expected<Statistics> Calibration::run() {
  if (Error error = open())
    return std::move(error);
  Expected<SampleSet> samples = SampleSet::open(options.data, signature);
  if (!samples)
    return samples.takeError();
  int64_t count = samples->size();
  if (options.maxSamples > 0)
    count = std::min(count, options.maxSamples);

  Statistics result;
  result.modelHash = signature.sourceSha256;
  for (int64_t sample = 0; sample < count; ++sample) {
    if (Error error = runSample(*samples, sample, result))
      return std::move(error);
    if (options.progress)
      options.progress(sample + 1, count);
  }
  if (result.samples == 0)
    return invalid(options.data + ": all " + Twine(count) +
                   " samples lead to NaN or Inf in activations");
  // Activations that have no row per position (a pooled one) escape the mask.
  if (llvm::any_of(result.taps, [](const ColumnStatistics &tap) {
        return tap.tokens == 0 && tap.masked != 0;
      }))
    return invalid(options.data + ": attention_mask marks all of " +
                   Twine(result.samples) + " samples as padding");
  return std::move(result);
}

Expected<Statistics> runCalibration(const CalibrationOptions &options) {
  return Calibration(options).run();
}

} // namespace mlir::qopt
