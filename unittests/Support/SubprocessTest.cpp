//===- SubprocessTest.cpp - children, their limits and their ends ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/Subprocess.h"

#include "gtest/gtest.h"

#include <csignal>
#include <unistd.h>

using namespace llvm;
using namespace mlir::qopt;

static SubprocessSpec shell(std::string script) {
  SubprocessSpec spec;
  spec.program = "/bin/sh";
  spec.arguments = {"sh", "-c", std::move(script)};
  return spec;
}

TEST(Subprocess, ReturnsStatusAndStderr) {
  ErrorOr<SubprocessResult> result =
      runSubprocess(shell("echo trouble >&2; exit 3"));
  ASSERT_TRUE(bool(result));
  EXPECT_EQ(result->exitCode, 3);
  EXPECT_EQ(result->signal, 0);
  EXPECT_EQ(result->errorText, "trouble\n");
}

TEST(Subprocess, ReportsTheSignal) {
  ErrorOr<SubprocessResult> result = runSubprocess(shell("kill -SEGV $$"));
  ASSERT_TRUE(bool(result));
  EXPECT_EQ(result->exitCode, -1);
  EXPECT_EQ(result->signal, SIGSEGV);
}

TEST(Subprocess, AMissingProgramIsAnError) {
  SubprocessSpec spec;
  spec.program = "/nonexistent/program";
  spec.arguments = {"program"};
  EXPECT_EQ(runSubprocess(spec).getError(),
            std::errc::no_such_file_or_directory);
}

TEST(Subprocess, ArgumentsAreNotInterpreted) {
  SubprocessSpec spec;
  spec.program = "/bin/sh";
  spec.arguments = {"sh", "-c", "echo \"$1\" >&2", "sh",
                    "$(echo no); `echo no` \"quoted\""};
  ErrorOr<SubprocessResult> result = runSubprocess(spec);
  ASSERT_TRUE(bool(result));
  EXPECT_EQ(result->errorText, "$(echo no); `echo no` \"quoted\"\n");
}

TEST(Subprocess, SetsLimitsOfTheChildOnly) {
  SubprocessSpec spec = shell("ulimit -v >&2; ulimit -c >&2");
  spec.addressSpaceBytes = uint64_t(1) << 30;
  ErrorOr<SubprocessResult> result = runSubprocess(spec);
  ASSERT_TRUE(bool(result));
  EXPECT_EQ(result->errorText, "1048576\n0\n");
}

TEST(Subprocess, StdoutGoesWhereItIsSent) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  SubprocessSpec spec = shell("echo text");
  spec.stdoutFd = ends[1];
  ErrorOr<SubprocessResult> result = runSubprocess(spec);
  ASSERT_TRUE(bool(result));
  char buffer[8] = {};
  EXPECT_EQ(::read(ends[0], buffer, sizeof buffer), 5);
  EXPECT_STREQ(buffer, "text\n");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Subprocess, KnowsTheMemory) { EXPECT_GT(usableMemoryBytes(), 1u << 20); }
