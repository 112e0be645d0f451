//===- ProgressTest.cpp - lines of a run without a terminal ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/Progress.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Regex.h"

#include "gtest/gtest.h"

#include <string>
#include <unistd.h>

using namespace llvm;
using namespace mlir::qopt;

namespace {

/// What `body` prints through a Progress of `mode`.
template <typename Body> std::string capture(ProgressMode mode, Body body) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  {
    Progress progress(mode, ends[1]);
    body(progress);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[512];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, n);
  ::close(ends[0]);
  return text;
}

TEST(Progress, OneLinePerStage) {
  std::string text = capture(ProgressMode::Auto, [](Progress &progress) {
    progress.setStageCount(2);
    progress.begin("import");
    progress.begin("calibrate");
    progress.update(127, 128, "samples");
    progress.update(128, 128, "samples");
  });
  Regex lines("^\\[1/2\\] import, 0\\.[0-9] s, [0-9.]+ [KMG]iB\n"
              "\\[2/2\\] calibrate 128/128 samples, 0\\.[0-9] s, "
              "[0-9.]+ [KMG]iB\n$");
  EXPECT_TRUE(lines.match(text)) << text;
}

TEST(Progress, AFailedStageLeavesNoLine) {
  EXPECT_EQ(capture(ProgressMode::Plain,
                    [](Progress &progress) {
                      progress.begin("import");
                      progress.abandon();
                    }),
            "");
}

TEST(Progress, NoneIsSilent) {
  EXPECT_EQ(capture(ProgressMode::None,
                    [](Progress &progress) { progress.begin("import"); }),
            "");
}

TEST(Progress, Sizes) {
  EXPECT_EQ(formatBytes(0), "0 KiB");
  EXPECT_EQ(formatBytes(340u << 20), "340 MiB");
  EXPECT_EQ(formatBytes(uint64_t(6) << 28), "1.5 GiB");
  EXPECT_GT(residentBytes(), 0u);
}

} // namespace
