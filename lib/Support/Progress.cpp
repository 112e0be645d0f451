//===- Progress.cpp - stages, counters, time and memory on stderr ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/Progress.h"

#include "llvm/Support/FormatVariadic.h"

#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

using namespace llvm;

namespace mlir::qopt {

/// Seconds between two lines of one stage without a terminal, and between two
/// drawings of the bar with one.
static constexpr double plainInterval = 10.0;
static constexpr double barInterval = 0.1;

std::string formatBytes(uint64_t bytes) {
  if (bytes >= uint64_t(1) << 30)
    return formatv("{0:f1} GiB", double(bytes) / (uint64_t(1) << 30));
  if (bytes >= uint64_t(1) << 20)
    return formatv("{0} MiB", bytes >> 20);
  return formatv("{0} KiB", bytes >> 10);
}

uint64_t residentBytes() {
  std::FILE *file = std::fopen("/proc/self/statm", "re");
  if (!file)
    return 0;
  unsigned long long size = 0, resident = 0;
  int fields = std::fscanf(file, "%llu %llu", &size, &resident);
  std::fclose(file);
  return fields == 2 ? resident * uint64_t(::sysconf(_SC_PAGESIZE)) : 0;
}

static double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

static unsigned terminalWidth(int fd) {
  struct winsize size;
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
    return size.ws_col;
  if (const char *columns = std::getenv("COLUMNS"))
    if (int value = std::atoi(columns); value > 0)
      return value;
  return 80;
}

Progress::Progress(ProgressMode mode, int fd) : fd(fd) {
  const char *term = std::getenv("TERM");
  bool dumb = term && StringRef(term) == "dumb";
  bar = mode == ProgressMode::Auto && ::isatty(fd) && !dumb;
  plain = mode != ProgressMode::None && !bar;
}

std::string Progress::format() const {
  std::string counter;
  if (stageCount)
    counter = formatv("[{0}/{1}] ", stageIndex, stageCount);
  std::string units;
  if (total)
    units = formatv(" {0}/{1} {2}", done, total, unit);
  double seconds = secondsSince(start);
  std::string time = seconds < 10 ? formatv("{0:f1} s", seconds).str()
                                  : formatv("{0:f0} s", seconds).str();
  // From the units so far; not before there is something to go by.
  std::string left;
  if (done && done < total && seconds >= 1)
    left = formatv(", about {0:f0} s left",
                   seconds / double(done) * double(total - done));
  return formatv("{0}{1}{2}, {3}{4}, {5}", counter, stage, units, time, left,
                 formatBytes(residentBytes()));
}

void Progress::printLine(const std::string &line) {
  // One write per line: a rival process on the same stderr cannot split it. A
  // closed stderr is no reason to fail.
  std::string text = line + "\n";
  [[maybe_unused]] ssize_t written = ::write(fd, text.data(), text.size());
  lastPrint = Clock::now();
}

void Progress::drawBar() {
  std::string text = format();
  unsigned width = terminalWidth(fd);
  if (total && width > text.size() + 12) {
    unsigned cells = std::min<unsigned>(30, width - text.size() - 4);
    unsigned filled = unsigned(double(cells) * std::min(done, total) / total);
    text += " [" + std::string(filled, '#') + std::string(cells - filled, '.') +
            "]";
  }
  text = "\r\033[K" + text.substr(0, width - 1);
  [[maybe_unused]] ssize_t written = ::write(fd, text.data(), text.size());
  lastPrint = Clock::now();
}

void Progress::begin(StringRef name) {
  std::lock_guard<std::mutex> lock(mutex);
  finish();
  stage = name.str();
  unit.clear();
  done = total = 0;
  ++stageIndex;
  active = true;
  start = lastPrint = Clock::now();
  if (bar)
    drawBar();
}

void Progress::update(uint64_t newDone, uint64_t newTotal, StringRef newUnit) {
  std::lock_guard<std::mutex> lock(mutex);
  if (!active)
    return;
  done = newDone;
  total = newTotal;
  unit = newUnit.str();
  if (bar && secondsSince(lastPrint) >= barInterval)
    drawBar();
  else if (plain && secondsSince(lastPrint) >= plainInterval)
    printLine(format());
}

void Progress::end() {
  std::lock_guard<std::mutex> lock(mutex);
  finish();
}

void Progress::abandon() {
  std::lock_guard<std::mutex> lock(mutex);
  if (active && bar) {
    [[maybe_unused]] ssize_t written = ::write(fd, "\r\033[K", 4);
  }
  active = false;
}

void Progress::finish() {
  if (!active)
    return;
  active = false;
  if (bar)
    printLine("\r\033[K" + format());
  else if (plain)
    printLine(format());
}

} // namespace mlir::qopt
