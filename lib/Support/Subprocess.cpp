//===- Subprocess.cpp - children by argument vector -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/Subprocess.h"

#include "llvm/Support/MemoryBuffer.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;

namespace mlir::qopt {

static std::error_code lastError() {
  return std::error_code(errno, std::generic_category());
}

static void setSoftLimit(int resource, rlim_t value) {
  struct rlimit limit;
  if (::getrlimit(resource, &limit) != 0)
    return;
  limit.rlim_cur = std::min(value, limit.rlim_max);
  ::setrlimit(resource, &limit);
}

/// The child between fork and exec: async-signal-safe calls only. Returns only
/// when something failed.
static void executeChild(const SubprocessSpec &spec, char *const *argv,
                         pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent)
    ::_exit(127);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  if (spec.stdoutFd >= 0 && ::dup2(spec.stdoutFd, 1) < 0)
    return;
  if (spec.stderrFd >= 0 && ::dup2(spec.stderrFd, 2) < 0)
    return;
  for (int fd : spec.keptFds)
    if (::fcntl(fd, F_SETFD, 0) != 0)
      return;
  setSoftLimit(RLIMIT_CORE, 0);
  if (spec.addressSpaceBytes)
    setSoftLimit(RLIMIT_AS, spec.addressSpaceBytes);
  if (spec.cpuSeconds)
    setSoftLimit(RLIMIT_CPU, spec.cpuSeconds);
  ::execv(spec.program.c_str(), argv);
}

ErrorOr<pid_t> startSubprocess(const SubprocessSpec &spec) {
  std::vector<char *> argv;
  for (const std::string &argument : spec.arguments)
    argv.push_back(const_cast<char *>(argument.c_str()));
  argv.push_back(nullptr);

  // The child reports a failing exec through a pipe that a successful one
  // closes.
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0)
    return lastError();
  pid_t parent = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) {
    std::error_code ec = lastError();
    ::close(report[0]);
    ::close(report[1]);
    return ec;
  }
  if (pid == 0) {
    executeChild(spec, argv.data(), parent);
    int error = errno;
    [[maybe_unused]] ssize_t n = ::write(report[1], &error, sizeof error);
    ::_exit(127);
  }
  ::close(report[1]);
  int error = 0;
  ssize_t received;
  do
    received = ::read(report[0], &error, sizeof error);
  while (received < 0 && errno == EINTR);
  ::close(report[0]);
  if (received == sizeof error) {
    ::waitpid(pid, nullptr, 0);
    return std::error_code(error, std::generic_category());
  }
  return pid;
}

ErrorOr<SubprocessResult> runSubprocess(SubprocessSpec spec) {
  int errors[2];
  if (::pipe2(errors, O_CLOEXEC) != 0)
    return lastError();
  spec.stderrFd = errors[1];
  ErrorOr<pid_t> pid = startSubprocess(spec);
  ::close(errors[1]);
  if (!pid) {
    ::close(errors[0]);
    return pid.getError();
  }

  SubprocessResult result;
  char buffer[4096];
  while (true) {
    ssize_t n = ::read(errors[0], buffer, sizeof buffer);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    if (result.errorText.size() < 64 * 1024)
      result.errorText.append(buffer, n);
  }
  ::close(errors[0]);

  int status = 0;
  while (::waitpid(*pid, &status, 0) < 0)
    if (errno != EINTR)
      return lastError();
  if (WIFEXITED(status))
    result.exitCode = WEXITSTATUS(status);
  else if (WIFSIGNALED(status))
    result.signal = WTERMSIG(status);
  return result;
}

uint64_t usableMemoryBytes() {
  uint64_t bytes =
      uint64_t(::sysconf(_SC_PHYS_PAGES)) * uint64_t(::sysconf(_SC_PAGESIZE));
  for (const char *path : {"/sys/fs/cgroup/memory.max",
                           "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    ErrorOr<std::unique_ptr<MemoryBuffer>> file =
        MemoryBuffer::getFileAsStream(path);
    uint64_t limit;
    if (file && !(*file)->getBuffer().trim().getAsInteger(10, limit))
      bytes = std::min(bytes, limit);
  }
  return bytes;
}

void allowMapping(uint64_t bytes) {
  struct rlimit limit;
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return;
  setSoftLimit(RLIMIT_AS, limit.rlim_cur + bytes);
}

} // namespace mlir::qopt
