//===- kernels.cpp - single products, timed by Google Benchmark -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   kernel-benchmarks [--isa=NAME,...] [--rows=M,...] [-t N]
//                     [--cold=LIBRARY,...] [--benchmark_...] LIBRARY...
//
// Every library computes one matrix of floats, [rows, N], from another, [rows,
// K]. It is timed for each instruction set and number of rows, and beside it
// the loops of peak.cpp that limit it. Speeds of a shared machine drift, so
// whoever compares takes repetitions in random order:
//   --benchmark_repetitions=7 --benchmark_enable_random_interleaving=true
//===----------------------------------------------------------------------===//

#include "peak.h"

#include "qopt/Support/Signature.h"
#include "qopt/model.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <benchmark/benchmark.h>
#include <random>
#include <set>

using namespace llvm;

namespace {

struct Options {
  cl::OptionCategory category{"kernel-benchmarks options"};
  cl::list<std::string> libraries{cl::Positional, cl::desc("LIBRARY..."),
                                  cl::cat(category)};
  cl::list<std::string> cold{
      "cold",
      cl::desc("Libraries of which a call goes through so many copies that no "
               "weights are left in a cache"),
      cl::value_desc("library,..."), cl::CommaSeparated, cl::cat(category)};
  cl::list<std::string> isas{
      "isa", cl::desc("Instruction sets (default: the best of this machine)"),
      cl::value_desc("name,..."), cl::CommaSeparated, cl::cat(category)};
  cl::list<int64_t> rows{"rows", cl::desc("Numbers of rows (default 1,128)"),
                         cl::value_desc("M,..."), cl::CommaSeparated,
                         cl::cat(category)};
  cl::opt<int> threads{"t", cl::desc("Threads of a library (default 1)"),
                       cl::init(1), cl::value_desc("N"), cl::cat(category)};
};

[[noreturn]] void fail(const Twine &text) {
  errs() << "kernel-benchmarks: error: " << text << "\n";
  exit(1);
}

/// Floats as a library allocates them: on a line of the cache.
class Matrix {
public:
  Matrix(int64_t rows, int64_t columns)
      : dims{rows, columns}, data(static_cast<float *>(std::aligned_alloc(
                                 64, alignTo(4 * rows * columns, 64)))) {}
  ~Matrix() { std::free(data); }
  Matrix(const Matrix &) = delete;

  MutableArrayRef<float> elements() {
    return {data, size_t(dims[0] * dims[1])};
  }
  DLTensor view() const { return qopt_tensor(data, kDLFloat, 32, 2, dims); }

private:
  int64_t dims[2];
  float *data;
};

/// A library with its operands. Copies of it have weights of their own.
class Product {
public:
  Product(StringRef path, const std::string &isa, int64_t rows, int threads);
  ~Product() {
    for (qopt_handle &handle : handles)
      qopt_unload(&handle);
  }

  void addCopies(int64_t count);
  void run();
  std::string name() const;

  /// Of one call of one copy.
  int64_t operations = 0, weightBytes = 0;

private:
  void open(StringRef file);
  void describe();

  std::string path, isa;
  int64_t rows;
  int threads;
  std::vector<qopt_handle> handles;
  std::unique_ptr<Matrix> input, output;
};

Product::Product(StringRef path, const std::string &isa, int64_t rows,
                 int threads)
    : path(path), isa(isa), rows(rows), threads(threads) {
  open(path);
  auto signature = mlir::qopt::parseSignature(handles[0].api->signature_json());
  if (!signature)
    fail(path + ": " + toString(signature.takeError()));
  auto matrix = [&](ArrayRef<mlir::qopt::SignaturePort> ports) {
    if (ports.size() != 1 || ports[0].dtype != "float32" ||
        ports[0].shape.size() != 2 || ports[0].shape[1].size <= 0)
      fail(path + ": wants one input and one output, float32[rows, columns]");
    return std::make_unique<Matrix>(rows, ports[0].shape[1].size);
  };
  input = matrix(signature->inputs);
  output = matrix(signature->outputs);
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  for (float &element : input->elements())
    element = normal(generator);
  describe();
}

void Product::open(StringRef file) {
  qopt_options options = {};
  options.num_threads = threads;
  options.isa = isa.empty() ? nullptr : isa.c_str();
  char text[512] = "";
  qopt_handle handle;
  if (qopt_load(file.str().c_str(), &options, &handle, text, sizeof text))
    fail(text);
  handles.push_back(handle);
  isa = handle.api->isa(handle.model);
}

/// What a call does, as the library tells it.
void Product::describe() {
  qopt_profile(&handles[0], 1);
  run();
  qopt_profile(&handles[0], 0);
  qopt_event event;
  for (int64_t i = 0; qopt_event_at(&handles[0], i, &event) == QOPT_OK; ++i)
    if (event.kind == QOPT_EVENT_KERNEL) {
      operations += event.operations;
      weightBytes += event.weights;
    }
  if (!operations)
    fail(path + ": computes no product");
}

void Product::addCopies(int64_t count) {
  while (int64_t(handles.size()) < count) {
    SmallString<128> copy;
    if (sys::fs::createTemporaryFile("kernel-benchmarks", "so", copy) ||
        sys::fs::copy_file(path, copy))
      fail(copy + ": cannot be written");
    open(copy);
    sys::fs::remove(copy); // what is mapped stays
  }
}

void Product::run() {
  DLTensor in = input->view(), out = output->view();
  char text[256];
  for (qopt_handle &handle : handles)
    if (qopt_run(&handle, &in, 1, &out, 1, text, sizeof text))
      fail(path + ": " + text);
}

std::string Product::name() const {
  std::string name =
      formatv("{0}/{1}/rows:{2}", sys::path::stem(path), isa, rows);
  return handles.size() > 1 ? name + "/cold" : name;
}

/// A rate, over all iterations.
void count(benchmark::State &state, StringRef what, double amount) {
  state.counters[what.str()] =
      benchmark::Counter(amount, benchmark::Counter::kIsIterationInvariantRate);
}

void registerProduct(std::shared_ptr<Product> product, int64_t copies) {
  benchmark::RegisterBenchmark(
      product->name().c_str(), [product, copies](benchmark::State &state) {
        // Brings back what others have displaced.
        product->run();
        for (auto _ : state)
          product->run();
        count(state, "op", double(copies * product->operations));
        count(state, "bytes", double(copies * product->weightBytes));
        state.counters["calls"] = double(copies);
        state.counters["weights"] = double(copies * product->weightBytes);
      });
}

/// A loop over registers that limits the products of an instruction set.
struct Limit {
  StringLiteral isa, operand;
  int64_t (*loop)(int64_t steps);
};
constexpr Limit limits[] = {{"amx", "int8", peakAmxInt8},
                            {"avx512vnni", "int8", peakAvx512VnniInt8},
                            {"avx512vnni", "float", peakAvx512Float},
                            {"avxvnni", "int8", peakAvxVnniInt8},
                            {"avx2", "int8", peakAvx2Int8},
                            {"avx2", "float", peakAvx2Float}};

void registerLimit(const Limit &limit) {
  std::string name = formatv("limit/{0}/{1}", limit.isa, limit.operand);
  benchmark::RegisterBenchmark(name.c_str(),
                               [loop = limit.loop](benchmark::State &state) {
                                 constexpr int64_t steps = 20000;
                                 int64_t operations = loop(1);
                                 for (auto _ : state)
                                   loop(steps);
                                 count(state, "op", double(operations * steps));
                               });
}

/// Plain reads of as many bytes as the weights of all copies have.
void registerReads(int64_t bytes) {
  std::shared_ptr<char> memory(readBuffer(bytes), readFree);
  std::pair<StringRef, void (*)(const char *, int64_t)> forms[] = {
      {"plain", readPlain},
      {"prefetched", readPrefetched},
      {"streams", readFourStreams}};
  for (auto [form, read] : forms)
    benchmark::RegisterBenchmark(
        formatv("read/{0}/bytes:{1}", form, bytes).str().c_str(),
        [=, read = read](benchmark::State &state) {
          for (auto _ : state)
            read(memory.get(), bytes);
          count(state, "bytes", double(bytes));
        });
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  Options options;
  cl::HideUnrelatedOptions(options.category);
  cl::ParseCommandLineOptions(argc, argv,
                              "times the products of compiled libraries\n");
  std::vector<std::string> isas(options.isas);
  if (isas.empty())
    isas.push_back("");
  std::vector<int64_t> rows(options.rows);
  if (rows.empty())
    rows = {1, 128};
  if (options.libraries.empty() && options.cold.empty())
    fail("wants libraries");
  std::set<int64_t> reads;
  auto add = [&](const std::string &path, int64_t leastBytes) {
    for (const std::string &isa : isas)
      for (int64_t m : rows) {
        if (m < 1)
          fail("--rows: wants numbers from 1 on");
        auto product = std::make_shared<Product>(path, isa, m, options.threads);
        int64_t copies = 1 + leastBytes / product->weightBytes;
        product->addCopies(copies);
        if (m == 1)
          reads.insert(copies * product->weightBytes);
        registerProduct(std::move(product), copies);
      }
  };
  for (const std::string &path : options.libraries)
    add(path, 0);
  // More than what is left of a cache that others share.
  for (const std::string &path : options.cold)
    add(path, 160 << 20);
  for (int64_t bytes : reads)
    registerReads(bytes);
  for (const Limit &limit : limits)
    if (is_contained(isas, limit.isa))
      registerLimit(limit);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
