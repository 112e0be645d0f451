//===- qopt-bench.cpp - how fast a text model reads and writes ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In the shape of llama-bench: prompts read in one call (pp), and tokens
// generated one by one (tg); every list of values is crossed with the others.
// Only the model's runs are timed, no sampling.
//===----------------------------------------------------------------------===//

#include "Results.h"
#include "TextRunner.h"

#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/StandardOutput.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CommandLine.h"

#include <chrono>

using namespace llvm;
using namespace mlir::qopt;

namespace bench {

namespace {

struct Options {
  cl::OptionCategory category{"qopt-bench options"};

  cl::list<std::string> models{cl::Positional, cl::desc("model.so..."),
                               cl::cat(category)};
  cl::list<int64_t> prompts{
      "p", cl::desc("Tokens of a prompt, read in one call (default 128)"),
      cl::value_desc("n,..."), cl::CommaSeparated, cl::cat(category)};
  cl::list<int64_t> generated{
      "n",
      cl::desc("Tokens generated one by one (default 32; models without key "
               "and value caches: none)"),
      cl::value_desc("n,..."), cl::CommaSeparated, cl::cat(category)};
  cl::list<int64_t> depths{
      "d", cl::desc("Tokens in front of both, not timed (default 0)"),
      cl::value_desc("n,..."), cl::CommaSeparated, cl::cat(category)};
  cl::list<int64_t> batches{"b", cl::desc("Rows of a batch (default 1)"),
                            cl::value_desc("n,..."), cl::CommaSeparated,
                            cl::cat(category)};
  cl::list<int> threads{
      "t", cl::desc("Number of threads (default 0: the physical cores)"),
      cl::value_desc("n,..."), cl::CommaSeparated, cl::cat(category)};
  cl::opt<int64_t> repetitions{"r", cl::desc("Repetitions (default 5)"),
                               cl::value_desc("n"), cl::init(5),
                               cl::cat(category)};
  cl::opt<std::string> isa{"isa", cl::desc("Variant of the libraries to use"),
                           cl::value_desc("name"), cl::cat(category)};
  cl::opt<Format> format{
      "o", cl::desc("What is printed (default md)"),
      cl::values(clEnumValN(Format::Markdown, "md", "a table of Markdown"),
                 clEnumValN(Format::CSV, "csv", "a line per test"),
                 clEnumValN(Format::JSON, "json", "an array, with all times"),
                 clEnumValN(Format::JSONLines, "jsonl", "an object per line")),
      cl::init(Format::Markdown), cl::cat(category)};
};

} // namespace

static int fail(int code, const Twine &message) {
  errs() << "error: " << message << "\n";
  return code;
}

static int fail(Error error) {
  int code = ExitInvalid;
  std::string text;
  handleAllErrors(std::move(error), [&](const ErrorInfoBase &info) {
    if (info.convertToErrorCode() == std::errc::no_such_file_or_directory)
      code = ExitIO;
    text = info.message();
  });
  return fail(code, text);
}

/// The values of a list, or the default where none is given.
template <typename T>
static std::vector<T> valuesOf(const cl::list<T> &list, T otherwise) {
  return list.empty() ? std::vector<T>{otherwise}
                      : std::vector<T>(list.begin(), list.end());
}

namespace {

class Benchmark {
public:
  Benchmark(const Options &options, Printer &printer)
      : options(options), printer(printer) {}

  /// Returns an exit code; every one but 0 after an `error:` line.
  int run(const std::string &path);

private:
  Error measure(TextRunner &runner, Result &result);

  const Options &options;
  Printer &printer;
};

} // namespace

/// The first repetition warms up and does not count.
Error Benchmark::measure(TextRunner &runner, Result &result) {
  for (int64_t i = 0; i <= options.repetitions; ++i) {
    runner.begin(result.depth + result.prompt + result.generated);
    if (result.depth > 0)
      if (Error error = runner.read(result.batch, result.depth))
        return error;
    auto start = std::chrono::steady_clock::now();
    int64_t calls = result.prompt ? 1 : result.generated;
    for (int64_t call = 0; call < calls; ++call)
      if (Error error =
              runner.read(result.batch, result.prompt ? result.prompt : 1))
        return error;
    std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - start;
    if (i > 0)
      result.seconds.push_back(time.count());
  }
  printer.add(result);
  return Error::success();
}

int Benchmark::run(const std::string &path) {
  for (int threads : valuesOf(options.threads, 0)) {
    Expected<std::unique_ptr<LoadedModel>> model =
        LoadedModel::open(path, {threads, options.isa});
    if (!model)
      return fail(model.takeError());
    Expected<TextRunner> runner = TextRunner::create(**model);
    if (!runner)
      return fail(runner.takeError());
    if (!runner->remembers() &&
        !(options.generated.empty() && options.depths.empty()))
      return fail(ExitUsage, path + ": -n and -d need a model with key and "
                                    "value caches");
    Result result;
    result.model = path;
    result.bytes = (*model)->getBytes();
    result.quant = (*model)->getSignature().quant;
    result.isa = (*model)->isa();
    result.threads = (*model)->threads();
    std::vector<int64_t> generated =
        valuesOf<int64_t>(options.generated, runner->remembers() ? 32 : 0);
    auto test = [&](int64_t prompt, int64_t count) {
      Result each = result;
      each.prompt = prompt;
      each.generated = count;
      // 0 leaves a kind of test out.
      return prompt + count == 0 ? Error::success() : measure(*runner, each);
    };
    for (int64_t batch : valuesOf<int64_t>(options.batches, 1))
      for (int64_t depth : valuesOf<int64_t>(options.depths, 0)) {
        result.batch = batch;
        result.depth = depth;
        for (int64_t prompt : valuesOf<int64_t>(options.prompts, 128))
          if (Error error = test(prompt, 0))
            return fail(std::move(error));
        for (int64_t count : generated)
          if (Error error = test(0, count))
            return fail(std::move(error));
      }
  }
  return ExitOk;
}

static int checkArguments(const Options &options) {
  if (options.models.empty())
    return fail(ExitUsage, "no library given (see --help)");
  constexpr int64_t most = 1 << 24;
  auto within = [&](const auto &list, int64_t least) {
    return all_of(
        list, [&](int64_t value) { return value >= least && value <= most; });
  };
  if (!within(options.prompts, 0) || !within(options.generated, 0) ||
      !within(options.depths, 0) || !within(options.threads, 0))
    return fail(ExitUsage,
                "-p, -n, -d and -t take numbers from 0 to " + Twine(most));
  if (!within(options.batches, 1) || options.repetitions < 1 ||
      options.repetitions > most)
    return fail(ExitUsage, "-b and -r take numbers from 1 to " + Twine(most));
  return ExitOk;
}

static int run(const Options &options) {
  if (int code = checkArguments(options))
    return code;
  std::unique_ptr<Printer> printer = Printer::create(options.format, outs());
  Benchmark benchmark(options, *printer);
  for (const std::string &path : options.models)
    if (int code = benchmark.run(path))
      return code;
  return ExitOk;
}

} // namespace bench

int main(int argc, char **argv) {
  cl::ResetCommandLineParser();
  bench::Options options;
  cl::HideUnrelatedOptions(options.category);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "Measures text models in tokens per second: prompts of -p tokens, -n "
          "tokens\ngenerated one by one.\n",
          &errs()))
    return ExitUsage;
  return finishStandardOutput(bench::run(options));
}
