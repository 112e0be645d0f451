//===- Parent.cpp - the process that owns the output ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Process.h"

#include "qopt/Support/AtomicFile.h"
#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/Subprocess.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace llvm;

namespace mlir::qopt {

using Clock = std::chrono::steady_clock;

static int fail(int code, const Twine &message) {
  errs() << "error: " << message << "\n";
  return code;
}

/// Opens `path` for reading, to find out early and with a clear message what
/// kind of thing stands there. O_NONBLOCK: a FIFO would block.
static int checkInput(StringRef path) {
  struct stat status;
  int fd = ::open(path.str().c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 || ::fstat(fd, &status) != 0) {
    int code =
        fail(ExitIO, path + ": cannot be opened: " + std::strerror(errno));
    if (fd >= 0)
      ::close(fd);
    return code;
  }
  ::close(fd);
  if (S_ISDIR(status.st_mode))
    return fail(ExitIO, path + ": is a directory");
  if (!S_ISREG(status.st_mode))
    return fail(ExitIO, path + ": is not a regular file");
  return ExitOk;
}

namespace {

/// How the worker ended.
struct Outcome {
  int status = 0;
  /// SIGINT or SIGTERM that this process received; 0: none.
  int received = 0;
  bool timedOut = false;
};

/// Private directories of one run, removed with it.
struct WorkDirectories {
  ~WorkDirectories() {
    if (!temp.empty())
      sys::fs::remove_directories(temp);
    if (!reproducer.empty() && !keepReproducer)
      sys::fs::remove_directories(reproducer);
  }
  SmallString<128> temp;
  SmallString<128> reproducer;
  bool keepReproducer = false;
};

} // namespace

/// The signals that the parent blocks from its start and takes in
/// waitForWorker, so that none of them races with making or removing a
/// temporary. The child starts with an empty mask.
static sigset_t parentSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP})
    ::sigaddset(&set, signal);
  return set;
}

/// Waits for the worker, a signal or the end of the time.
static Outcome waitForWorker(pid_t pid, uint64_t timeLimit) {
  Outcome outcome;
  Clock::time_point deadline = Clock::now() + std::chrono::seconds(timeLimit);
  sigset_t set = parentSignals();
  while (::waitpid(pid, &outcome.status, WNOHANG) == 0) {
    struct timespec wait = {1, 0};
    int signal = ::sigtimedwait(&set, nullptr, &wait);
    if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP)
      outcome.received = signal == SIGINT ? SIGINT : SIGTERM;
    else if (timeLimit && Clock::now() >= deadline)
      outcome.timedOut = true;
    else
      continue;
    ::kill(pid, SIGKILL);
    while (::waitpid(pid, &outcome.status, 0) < 0 && errno == EINTR) {
    }
    break;
  }
  return outcome;
}

/// The worker died: keeps what is needed to run it again and says where.
static int reportCrash(int signal, ArrayRef<std::string> arguments,
                       WorkDirectories &directories) {
  SmallString<128> path = directories.reproducer;
  sys::path::append(path, "command.txt");
  std::error_code ec;
  raw_fd_ostream os(path, ec);
  if (!ec) {
    os << "# qopt " QOPT_VERSION ", signal " << signal << " ("
       << ::strsignal(signal) << ")\n";
    for (const std::string &argument : arguments) {
      // Quoted for a POSIX shell.
      os << '\'';
      for (char c : argument)
        c == '\'' ? os << "'\\''" : os << c;
      os << "' ";
    }
    os << "--in-process\n";
    directories.keepReproducer = true;
  }
  return fail(ExitInternal,
              formatv("internal error: the worker died of signal {0} ({1}); "
                      "reproducer: {2}",
                      signal, ::strsignal(signal), directories.reproducer));
}

/// Exit code for the way in which the worker ended; prints the line for the
/// ways that the worker could not report itself.
static int judge(const Outcome &outcome, const DriverOptions &options,
                 ArrayRef<std::string> arguments,
                 WorkDirectories &directories) {
  if (outcome.received)
    return fail(outcome.received == SIGINT ? ExitInterrupted : ExitTerminated,
                outcome.received == SIGINT ? "interrupted" : "terminated");
  if (outcome.timedOut)
    return fail(ExitLimit, formatv("time limit of {0} s reached (--time-limit)",
                                   options.timeLimit));
  // The system's loader ends so, after a line of its own.
  if (WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == 127)
    return fail(ExitLimit, "the worker could not be loaded; --memory-limit "
                           "leaves no room for the program itself");
  if (WIFEXITED(outcome.status))
    return WEXITSTATUS(outcome.status);

  int signal = WTERMSIG(outcome.status);
  if (signal == SIGXCPU)
    return fail(ExitLimit, formatv("time limit of {0} s reached (--time-limit)",
                                   options.timeLimit));
  if (signal == SIGKILL)
    return fail(ExitLimit,
                "the worker was killed; the system is out of memory");
  // Only a mapping whose file no longer reaches that far raises this.
  if (signal == SIGBUS)
    return fail(ExitIO, options.compile.modelPath +
                            ": the file or its external data changed during "
                            "compilation");
  return reportCrash(signal, arguments, directories);
}

/// A library must be an ELF file that exports the query symbol.
static bool isLibrary(StringRef path) {
  Expected<object::OwningBinary<object::ObjectFile>> file =
      object::ObjectFile::createObjectFile(path);
  if (!file) {
    consumeError(file.takeError());
    return false;
  }
  auto *elf = dyn_cast<object::ELFObjectFileBase>(file->getBinary());
  if (!elf)
    return false;
  for (object::ELFSymbolRef symbol : elf->getDynamicSymbolIterators()) {
    Expected<StringRef> name = symbol.getName();
    if (!name)
      consumeError(name.takeError());
    else if (*name == "qopt_model_query")
      return true;
  }
  return false;
}

/// The result may take its name only when it is what was asked for.
static bool isComplete(const AtomicFile &file, EmitKind emit) {
  uint64_t size = 0;
  if (sys::fs::file_size(file.getTempPath(), size) || size == 0)
    return false;
  if (emit == EmitKind::SharedLibrary)
    return isLibrary(file.getTempPath());
  if (emit == EmitKind::Obj) {
    file_magic magic;
    return !identify_magic(file.getTempPath(), magic) &&
           magic == file_magic::elf_relocatable;
  }
  return true;
}

static int runChild(int argc, char **argv, DriverOptions &options,
                    WorkDirectories &directories) {
  SubprocessSpec spec;
  spec.program = options.compile.executablePath;
  spec.arguments.assign(argv, argv + argc);
  std::vector<std::string> userArguments = spec.arguments;
  spec.arguments.push_back("--worker-temp-dir=" +
                           std::string(directories.temp));
  spec.arguments.push_back("--worker-reproducer-dir=" +
                           std::string(directories.reproducer));
  if (int fd = options.compile.outputFd; fd >= 0) {
    spec.arguments.push_back("--worker-output-fd=" + std::to_string(fd));
    spec.keptFds.push_back(fd);
  }
  if (int fd = options.compile.dataFd; fd >= 0) {
    spec.arguments.push_back("--worker-data-fd=" + std::to_string(fd));
    spec.keptFds.push_back(fd);
  }
  // Sanitizers reserve terabytes of addresses.
#if !__has_feature(address_sanitizer)
  spec.addressSpaceBytes = options.memoryLimit;
#endif
  if (options.timeLimit) {
    unsigned threads = options.compile.jobs;
    if (!threads)
      threads = std::max(1u, std::thread::hardware_concurrency());
    spec.cpuSeconds = (options.timeLimit + 1) * threads;
  }
  ErrorOr<pid_t> pid = startSubprocess(spec);
  if (!pid)
    return fail(ExitIO, "cannot start the worker: " + pid.getError().message());
  Outcome outcome = waitForWorker(*pid, options.timeLimit);
  return judge(outcome, options, userArguments, directories);
}

namespace {

/// The files beside the output: temporaries that take their names together,
/// when all of them are written.
class SideFiles {
public:
  int create(const DriverOptions &options);
  /// Takes the contents from the private directory of the compile.
  int fill(const DriverOptions &options);
  int commit();

private:
  struct File {
    SideOutputs::Entry entry;
    AtomicFile file;
  };
  std::vector<File> files;
};

} // namespace

int SideFiles::create(const DriverOptions &options) {
  const CompileOptions &compile = options.compile;
  std::vector<std::string> taken{compile.modelPath, compile.outputPath,
                                 compile.planFile};
  for (SideOutputs::Entry &entry : compile.sideOutputs.list()) {
    // A plan may be edited in place.
    bool isPlan = entry.path == compile.sideOutputs.plan;
    for (const std::string &path : taken)
      if (!path.empty() && !(isPlan && path == compile.planFile) &&
          (path == entry.path || sys::fs::equivalent(path, entry.path)))
        return fail(ExitUsage, "two files have the path " + entry.path);
    Expected<AtomicFile> file = AtomicFile::create(entry.path, options.force);
    if (!file)
      return fail(ExitIO, entry.path + ": " + toString(file.takeError()));
    taken.push_back(entry.path);
    files.push_back({entry, std::move(*file)});
  }
  return ExitOk;
}

int SideFiles::fill(const DriverOptions &options) {
  for (File &file : files) {
    auto bytes =
        MemoryBuffer::getFile(options.compile.tempDir + "/" + file.entry.file);
    std::error_code error = bytes.getError();
    if (!error)
      error = writeResult(file.file.getFd(), (*bytes)->getBuffer());
    if (error)
      return fail(ExitIO, file.entry.path + ": " + error.message());
  }
  return ExitOk;
}

int SideFiles::commit() {
  for (File &file : files)
    if (Error error = file.file.commit(0666))
      return fail(ExitIO, file.entry.path + ": " + toString(std::move(error)));
  return ExitOk;
}

int runParent(int argc, char **argv, DriverOptions &options) {
  CompileOptions &compile = options.compile;
  // A reader that went away is a failing write, not a death.
  ::signal(SIGPIPE, SIG_IGN);
  if (!options.inProcess) {
    sigset_t set = parentSignals();
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
  }

  if (compile.modelPath != "-")
    if (int code = checkInput(compile.modelPath))
      return code;
  // Calibration data may be a folder.
  if (!compile.calibFile.empty() && !sys::fs::is_directory(compile.calibFile))
    if (int code = checkInput(compile.calibFile))
      return code;
  if (!compile.loadCalib.empty())
    if (int code = checkInput(compile.loadCalib))
      return code;

  WorkDirectories directories;
  if (sys::fs::createUniqueDirectory("qopt", directories.temp) ||
      sys::fs::createUniqueDirectory("qopt-crash", directories.reproducer))
    return fail(ExitIO, "cannot create a temporary directory (TMPDIR)");
  compile.tempDir = std::string(directories.temp);
  compile.reproducerDir = std::string(directories.reproducer);

  std::optional<AtomicFile> file, data;
  if (producesOutput(compile) && writesToStdout(compile)) {
    compile.outputFd = STDOUT_FILENO;
  } else if (producesOutput(compile)) {
    if (sys::fs::equivalent(compile.modelPath, compile.outputPath))
      return fail(ExitUsage, "the output would replace the model");
    Expected<AtomicFile> created =
        AtomicFile::create(compile.outputPath, options.force);
    if (!created)
      return fail(ExitIO,
                  compile.outputPath + ": " + toString(created.takeError()));
    file.emplace(std::move(*created));
    compile.outputFd = file->getFd();
  }
  if (file && compile.emit == EmitKind::ONNXQDQ) {
    std::string path = compile.outputPath + ".data";
    Expected<AtomicFile> created = AtomicFile::create(path, options.force);
    if (!created)
      return fail(ExitIO, path + ": " + toString(created.takeError()));
    data.emplace(std::move(*created));
    compile.dataFd = data->getFd();
  }

  SideFiles sideFiles;
  if (int code = sideFiles.create(options))
    return code;

  int code = options.inProcess ? runWorker(options)
                               : runChild(argc, argv, options, directories);
  if (code == ExitOk)
    code = sideFiles.fill(options);
  if (code != ExitOk)
    return code;
  if (!file)
    return sideFiles.commit();
  if (!isComplete(*file, compile.emit))
    return fail(ExitInternal, compile.outputPath +
                                  ": internal error: the result is damaged; "
                                  "nothing was written");
  // The weights first: a model whose weights are not there yet is of no use.
  uint64_t dataBytes = 0;
  if (data && !sys::fs::file_size(data->getTempPath(), dataBytes) && dataBytes)
    if (Error error = data->commit(0666))
      return fail(ExitIO, data->getPath() + ": " + toString(std::move(error)));
  if (int code = sideFiles.commit())
    return code;
  unsigned mode = compile.emit == EmitKind::SharedLibrary ? 0777 : 0666;
  if (Error error = file->commit(mode))
    return fail(ExitIO, compile.outputPath + ": " + toString(std::move(error)));
  return ExitOk;
}

} // namespace mlir::qopt
