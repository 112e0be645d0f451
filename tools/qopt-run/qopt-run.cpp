//===- qopt-run.cpp - run a model.so --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a library on npy files, on the test data of an ONNX model, or on made-up
// inputs for a timing. Exit 0: ran, and within the bounds if there were any;
// 1: outside of the bounds; 2: usage; 4: a bad library or data file.
//===----------------------------------------------------------------------===//

#include "Compare.h"
#include "Library.h"
#include "MakeInputs.h"
#include "TestData.h"

#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/StandardOutput.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::qopt;
using namespace runner;

namespace {

struct Options {
  cl::OptionCategory category{"qopt-run options"};
  cl::opt<std::string> model{cl::Positional, cl::desc("model.so"),
                             cl::cat(category)};
  cl::list<std::string> inputs{"input", cl::desc("Array of an input"),
                               cl::value_desc("name=@x.npy"),
                               cl::cat(category)};
  cl::list<std::string> outputs{"output", cl::desc("Where an output goes"),
                                cl::value_desc("name=@y.npy"),
                                cl::cat(category)};
  cl::list<std::string> expected{
      "expected-output", cl::desc("What an output is compared with"),
      cl::value_desc("name=@y.npy"), cl::cat(category)};
  cl::opt<std::string> testData{
      "test-data",
      cl::desc(
          "Folder with input_N.pb and output_N.pb, or with test_data_set_*"),
      cl::value_desc("dir"), cl::cat(category)};
  cl::opt<double> rtol{"rtol",
                       cl::desc("Bound relative to each expected value "
                                "(default 1e-3)"),
                       cl::init(1e-3), cl::cat(category)};
  cl::opt<double> atol{"atol", cl::desc("Absolute bound (default 1e-7)"),
                       cl::init(1e-7), cl::cat(category)};
  cl::opt<double> maxRtol{
      "max-rtol",
      cl::desc("Bound relative to the largest expected value (default 0)"),
      cl::init(0), cl::cat(category)};
  cl::opt<bool> exactIntegers{
      "exact-integers",
      cl::desc("No bound applies to integers: they must be equal"),
      cl::cat(category)};
  cl::opt<int> threads{"threads",
                       cl::desc("Number of threads (0: physical cores)"),
                       cl::init(0), cl::cat(category)};
  cl::opt<std::string> isa{"isa", cl::desc("Variant of the library to use"),
                           cl::value_desc("name"), cl::cat(category)};
  cl::opt<int> bench{"bench", cl::desc("Time N runs"), cl::value_desc("N"),
                     cl::init(0), cl::cat(category)};
  cl::opt<std::string> profile{
      "profile",
      cl::desc("Tell where the time of a run goes (of --bench runs, or 10), "
               "and write a trace for Perfetto"),
      cl::value_desc("trace.json"), cl::ValueOptional, cl::cat(category)};
  cl::list<std::string> shapes{
      "shape", cl::desc("Shape of an input that --bench or --profile makes up"),
      cl::value_desc("name:1x128"), cl::cat(category)};
  cl::opt<bool> json{"json", cl::desc("Print the timing as JSON"),
                     cl::cat(category)};
};

class Runner {
public:
  explicit Runner(const Options &options) : options(options) {}
  int run();

private:
  int usage(const Twine &message);
  int bad(const Twine &message);
  int bad(Error error) { return bad(toString(std::move(error))); }

  int parseArguments();
  int load();
  int parsePairs(const cl::list<std::string> &list, StringRef option,
                 const std::vector<SignaturePort> &ports,
                 std::map<std::string, std::string> &files);
  int parseShapes();
  int readArrays(const std::map<std::string, std::string> &files,
                 const std::vector<SignaturePort> &ports, StringRef what,
                 std::map<std::string, Tensor> &arrays);
  int runTestData();
  int runBench(std::map<std::string, Tensor> given);
  int runProfile(const std::vector<Tensor> &inputs);
  bool isTimed() const {
    return options.bench || options.profile.getNumOccurrences();
  }
  int runOnce(std::map<std::string, Tensor> given);
  bool report(StringRef prefix, StringRef name, const Tensor &actual,
              const Tensor &expected);

  const Options &options;
  Tolerance tolerance;
  std::unique_ptr<Library> library;
  ShapeMap shapes;
  std::map<std::string, std::string> inputFiles, outputFiles, expectedFiles;
};

} // namespace

int Runner::usage(const Twine &message) {
  errs() << "error: " << message << "\n";
  return ExitUsage;
}

int Runner::bad(const Twine &message) {
  errs() << "error: " << message << "\n";
  return ExitIO;
}

static const SignaturePort *findPort(const std::vector<SignaturePort> &ports,
                                     StringRef name) {
  auto it = llvm::find_if(
      ports, [&](const SignaturePort &port) { return port.name == name; });
  return it == ports.end() ? nullptr : &*it;
}

/// "'a', 'b'": what a wrong name could have been.
static std::string listNames(const std::vector<SignaturePort> &ports) {
  std::string result;
  for (const SignaturePort &port : ports)
    result += (result.empty() ? "" : ", ") + quoteName(port.name);
  return result;
}

int Runner::parsePairs(const cl::list<std::string> &list, StringRef option,
                       const std::vector<SignaturePort> &ports,
                       std::map<std::string, std::string> &files) {
  for (StringRef entry : list) {
    // The last "=@", since a name may hold anything.
    size_t at = entry.rfind("=@");
    if (at == StringRef::npos || at == 0 || at + 2 == entry.size())
      return usage("--" + option + "=" + entry + ": expected name=@file.npy");
    StringRef name = entry.take_front(at);
    if (!findPort(ports, name))
      return usage("--" + option + ": the model has no " + quoteName(name) +
                   "; it has " + listNames(ports));
    if (!files.emplace(name.str(), entry.drop_front(at + 2).str()).second)
      return usage("--" + option + ": " + quoteName(name) + " is given twice");
  }
  return ExitOk;
}

int Runner::parseShapes() {
  const std::vector<SignaturePort> &ports = library->getSignature().inputs;
  for (StringRef entry : options.shapes) {
    auto [name, text] = entry.rsplit(':');
    const SignaturePort *port = findPort(ports, name);
    if (!port)
      return usage("--shape: the model has no input " + quoteName(name) +
                   "; it has " + listNames(ports));
    std::vector<int64_t> shape;
    SmallVector<StringRef, 4> parts;
    if (!text.empty())
      text.split(parts, 'x');
    for (StringRef part : parts) {
      int64_t dim;
      if (part.getAsInteger(10, dim) || dim < 0)
        return usage("--shape=" + entry + ": expected name:1x128");
      shape.push_back(dim);
    }
    if (shape.size() != port->shape.size())
      return usage("--shape: input " + quoteName(name) + " is " + port->str());
    shapes[name.str()] = std::move(shape);
  }
  return ExitOk;
}

int Runner::parseArguments() {
  if (options.model.empty())
    return usage("no model.so given");
  if (!options.testData.empty() &&
      (!options.inputs.empty() || !options.outputs.empty() ||
       !options.expected.empty()))
    return usage("--test-data stands alone: it brings inputs and outputs");
  if (!options.shapes.empty() && !isTimed())
    return usage(
        "--shape is for the inputs that --bench or --profile makes up");
  if (options.json && options.profile.getNumOccurrences())
    return usage("--json prints a timing, --profile tables");
  if (options.bench < 0 || options.threads < 0 || !(options.rtol >= 0) ||
      !(options.atol >= 0) || !(options.maxRtol >= 0))
    return usage("counts and bounds are not negative");
  tolerance.absolute = options.atol;
  tolerance.relative = options.rtol;
  tolerance.ofLargest = options.maxRtol;
  tolerance.exactIntegers = options.exactIntegers;
  return ExitOk;
}

int Runner::load() {
  qopt_options open = {};
  open.size = sizeof open;
  open.num_threads = options.threads;
  open.isa = options.isa.empty() ? nullptr : options.isa.c_str();
  Expected<std::unique_ptr<Library>> loaded =
      Library::load(options.model, open);
  if (!loaded)
    return bad(loaded.takeError());
  library = std::move(*loaded);
  return ExitOk;
}

int Runner::readArrays(const std::map<std::string, std::string> &files,
                       const std::vector<SignaturePort> &ports, StringRef what,
                       std::map<std::string, Tensor> &arrays) {
  for (const auto &[name, path] : files) {
    const DType *dtype = findDType(findPort(ports, name)->dtype);
    Expected<NpyFile> file = readNpy(path);
    if (!file)
      return bad(path + ": " + toString(file.takeError()));
    if (!dtype)
      return bad(what + " " + quoteName(name) + ": its type has no npy form");
    Expected<Tensor> tensor = fromNpy(file->array, dtype);
    if (!tensor)
      return bad(path + ": " + what + " " + quoteName(name) + ": " +
                 toString(tensor.takeError()));
    arrays.emplace(name, std::move(*tensor));
  }
  return ExitOk;
}

/// Prints one line for one compared output; true if it is within the bounds.
bool Runner::report(StringRef prefix, StringRef name, const Tensor &actual,
                    const Tensor &expected) {
  Difference d = compare(actual, expected, tolerance);
  outs() << prefix << "output " << quoteName(name) << " ";
  if (!d.mismatch.empty()) {
    outs() << d.mismatch << ": WRONG\n";
    return false;
  }
  outs() << actual.str()
         << format(": largest error %.3g absolute, %.3g relative, "
                   "%.3g of the largest value %.4g",
                   d.largestAbsolute, d.largestRelative,
                   d.largestExpected > 0 ? d.largestAbsolute / d.largestExpected
                                         : 0.0,
                   d.largestExpected);
  if (d.isWithin()) {
    outs() << ": ok\n";
    return true;
  }
  outs() << ": " << d.outside << " of " << expected.elements()
         << " outside, first at " << d.firstOutside
         << format(" (%.9g, expected %.9g)",
                   static_cast<double>(actual.at(d.firstOutside)),
                   static_cast<double>(expected.at(d.firstOutside)))
         << ": WRONG\n";
  return false;
}

int Runner::runTestData() {
  const Signature &signature = library->getSignature();
  Expected<std::vector<DataSet>> sets = readTestData(options.testData);
  if (!sets)
    return bad(sets.takeError());
  bool within = true;
  for (const DataSet &set : *sets) {
    std::string prefix = set.name.empty() ? "" : set.name + ": ";
    if (set.inputs.size() != signature.inputs.size() ||
        set.outputs.size() != signature.outputs.size())
      return bad(options.testData + ": " + prefix + "holds " +
                 Twine(set.inputs.size()) + " inputs and " +
                 Twine(set.outputs.size()) + " outputs, the model has " +
                 Twine(signature.inputs.size()) + " and " +
                 Twine(signature.outputs.size()));
    Expected<std::vector<Tensor>> outputs = library->run(set.inputs);
    if (!outputs)
      return bad(prefix + toString(outputs.takeError()));
    for (size_t i = 0; i < outputs->size(); ++i)
      within &= report(prefix, signature.outputs[i].name, (*outputs)[i],
                       set.outputs[i]);
  }
  return within ? ExitOk : ExitInvalid;
}

int Runner::runBench(std::map<std::string, Tensor> given) {
  Expected<std::vector<Tensor>> inputs =
      makeInputs(library->getSignature(), std::move(given), shapes);
  if (!inputs)
    return bad(inputs.takeError());
  if (options.profile.getNumOccurrences())
    return runProfile(*inputs);
  Expected<std::vector<double>> times =
      library->measure(*inputs, options.bench);
  if (!times)
    return bad(times.takeError());
  llvm::sort(*times);
  size_t n = times->size();
  double median =
      n % 2 ? (*times)[n / 2] : ((*times)[n / 2 - 1] + (*times)[n / 2]) / 2;
  if (options.json) {
    json::OStream json(outs());
    json.object([&] {
      json.attribute("median_ms", median);
      json.attribute("min_ms", times->front());
      json.attribute("max_ms", times->back());
      json.attribute("runs", int64_t(n));
      json.attribute("threads", library->numThreads());
      json.attribute("isa", library->isa());
    });
    outs() << "\n";
    return ExitOk;
  }
  for (size_t i = 0; i < inputs->size(); ++i)
    outs() << "input " << quoteName(library->getSignature().inputs[i].name)
           << " " << (*inputs)[i].str() << "\n";
  outs() << format("median %.3f ms, min %.3f ms, max %.3f ms", median,
                   times->front(), times->back())
         << " over " << n << " runs, " << library->numThreads() << " threads, "
         << library->isa() << "\n";
  return ExitOk;
}

int Runner::runProfile(const std::vector<Tensor> &inputs) {
  Expected<Profile> profile =
      library->profile(inputs, options.bench ? options.bench : 10);
  if (!profile)
    return bad(profile.takeError());
  profile->print(outs());
  if (options.profile.empty())
    return ExitOk;
  std::error_code code;
  raw_fd_ostream file(options.profile, code);
  if (!code) {
    profile->writeTrace(file);
    file.close();
    code = file.error();
    file.clear_error();
  }
  return code ? bad(options.profile + ": " + code.message()) : ExitOk;
}

int Runner::runOnce(std::map<std::string, Tensor> given) {
  const Signature &signature = library->getSignature();
  std::vector<Tensor> inputs;
  for (const SignaturePort &port : signature.inputs) {
    auto it = given.find(port.name);
    if (it == given.end())
      return usage("no --input for " + quoteName(port.name) + ", " +
                   port.str());
    inputs.push_back(std::move(it->second));
  }
  std::map<std::string, Tensor> expected;
  if (int code =
          readArrays(expectedFiles, signature.outputs, "output", expected))
    return code;
  Expected<std::vector<Tensor>> outputs = library->run(inputs);
  if (!outputs)
    return bad(outputs.takeError());
  bool within = true;
  for (size_t i = 0; i < outputs->size(); ++i) {
    const std::string &name = signature.outputs[i].name;
    const Tensor &tensor = (*outputs)[i];
    if (auto it = outputFiles.find(name); it != outputFiles.end())
      if (Error error = toNpyFile(tensor, it->second))
        return bad(std::move(error));
    if (auto it = expected.find(name); it != expected.end()) {
      within &= report("", name, tensor, it->second);
      continue;
    }
    outs() << "output " << quoteName(name) << " " << tensor.str();
    int64_t shown = std::min<int64_t>(tensor.elements(), 4);
    for (int64_t k = 0; k < shown; ++k)
      outs() << (k ? ", " : " = ")
             << format("%.6g", static_cast<double>(tensor.at(k)));
    outs() << (shown < tensor.elements() ? ", ...\n" : "\n");
  }
  return within ? ExitOk : ExitInvalid;
}

int Runner::run() {
  if (int code = parseArguments())
    return code;
  if (int code = load())
    return code;
  const Signature &signature = library->getSignature();
  if (int code =
          parsePairs(options.inputs, "input", signature.inputs, inputFiles))
    return code;
  if (int code =
          parsePairs(options.outputs, "output", signature.outputs, outputFiles))
    return code;
  if (int code = parsePairs(options.expected, "expected-output",
                            signature.outputs, expectedFiles))
    return code;
  if (int code = parseShapes())
    return code;
  int code = ExitOk;
  if (!options.testData.empty())
    code = runTestData();
  std::map<std::string, Tensor> given;
  if (!code)
    code = readArrays(inputFiles, signature.inputs, "input", given);
  if (!code && options.testData.empty() &&
      (!isTimed() || !outputFiles.empty() || !expectedFiles.empty()))
    code = runOnce(given);
  if (!code && isTimed())
    code = runBench(std::move(given));
  for (const std::string &message : library->guardMessages())
    errs() << message << "\n";
  return code;
}

int main(int argc, char **argv) {
  // LLVM's own options, --threads among them, are none of this tool's.
  cl::ResetCommandLineParser();
  Options options;
  cl::HideUnrelatedOptions(options.category);
  if (!cl::ParseCommandLineOptions(argc, argv, "Runs a library made by qopt.\n",
                                   &errs()))
    return ExitUsage;
  return finishStandardOutput(Runner(options).run());
}
