//===- Progress.h - stages, counters, time and memory on stderr -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A bar on a terminal, else one line per stage (and one every ten seconds
// within a long stage), so that no run is silent for minutes:
//   [3/7] calibrate 128/256 samples, 41 s, about 41 s left, 1.2 GiB
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_PROGRESS_H
#define QOPT_SUPPORT_PROGRESS_H

#include "llvm/ADT/StringRef.h"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace mlir::qopt {

enum class ProgressMode { Auto, Plain, None };

class Progress {
public:
  /// Auto: a bar when `fd` is a terminal, plain lines otherwise.
  explicit Progress(ProgressMode mode, int fd = 2);
  ~Progress() { end(); }
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  /// How many stages follow; the counter in front of each line. 0: none.
  void setStageCount(unsigned count) {
    stageCount = count;
    stageIndex = 0;
  }
  /// Ends the stage before and starts the next one.
  void begin(llvm::StringRef stage);
  /// `done` of `total` units of the current stage (`samples`, `layers`).
  void update(uint64_t done, uint64_t total, llvm::StringRef unit);
  /// Ends the current stage. To be called before anything else is printed.
  void end();
  /// Drops the current stage without its line: it failed.
  void abandon();

private:
  using Clock = std::chrono::steady_clock;

  std::string format() const;
  void printLine(const std::string &line);
  void drawBar();
  void finish();

  int fd;
  bool plain = false;
  bool bar = false;
  std::mutex mutex;
  unsigned stageCount = 0;
  unsigned stageIndex = 0;
  bool active = false;
  std::string stage;
  std::string unit;
  uint64_t done = 0;
  uint64_t total = 0;
  Clock::time_point start;
  Clock::time_point lastPrint;
};

/// "1.2 GiB", "340 MiB", "12 KiB".
std::string formatBytes(uint64_t bytes);

/// Resident memory of this process in bytes, 0 when unknown.
uint64_t residentBytes();

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_PROGRESS_H
