//===- qopt-eval.cpp - judge a model.so -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Perplexity of a language model, KL divergence from its float form, cosines of
// embeddings. Exit 1: tokens or samples that the model cannot take; 2: usage;
// 4: a file that cannot be read, or a bad library; 6: a layer out of bounds.
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "Reference.h"
#include "Report.h"

#include "qopt/Evaluation/Perplexity.h"
#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/StandardOutput.h"
#include "qopt/Support/WriteFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace mlir::qopt;

namespace evaluate {

namespace {

class Evaluation {
public:
  explicit Evaluation(const Options &options)
      : options(options), progress(options.progress) {}

  int run(StringRef executable);

private:
  int usage(const Twine &message) { return fail(ExitUsage, message); }
  int fail(int code, const Twine &message) {
    progress.abandon();
    errs() << "error: " << message << "\n";
    return code;
  }
  /// What cannot be read is a matter of files, the rest one of their contents.
  int fail(Error error) {
    int code = ExitInvalid;
    std::string text;
    handleAllErrors(std::move(error), [&](const ErrorInfoBase &info) {
      std::error_code cause = info.convertToErrorCode();
      if (cause != std::errc::invalid_argument &&
          cause != inconvertibleErrorCode())
        code = ExitIO;
      text = info.message();
    });
    return fail(code, text);
  }

  int checkArguments();
  int openModels(StringRef executable);
  int judgeText();
  int chooseProtocol(TokenFile &file, ProtocolOptions &protocol);
  int judgeEmbeddings();
  int reportLayers(json::Object &object);
  void describe(json::Object &object);
  int writeJSON(json::Object object);

  const Options &options;
  Progress progress;
  std::unique_ptr<LoadedModel> model, reference;
  LayerComparison layers;
};

} // namespace

int Evaluation::checkArguments() {
  if (options.model.empty())
    return usage("no model.so given");
  bool text = !options.tokens.empty(), arrays = !options.inputs.empty();
  if (text == arrays)
    return usage("give either --tokens (language models) or --inputs");
  for (const cl::opt<int64_t> *number :
       {&options.window, &options.stride, &options.limit, &options.batch})
    if (number->getNumOccurrences() && *number <= 0)
      return usage("--" + number->ArgStr + ": expected a number above 0");
  if (options.documents && options.llamaCpp)
    return usage("--documents and --llama-cpp are two protocols");
  if (options.stride.getNumOccurrences() &&
      (options.documents || options.llamaCpp))
    return usage("--stride is for windows");
  if (options.bos.getNumOccurrences() && options.bos < 0)
    return usage("--bos: expected a token id");
  if (arrays && options.ref.empty() == options.expected.empty())
    return usage("--inputs: give either --ref or --expected to compare with");
  if (options.layerwise && options.ref.empty())
    return usage("--layerwise compares with --ref");
  if (options.layerBound.getNumOccurrences() && !options.layerwise)
    return usage("--layer-bound is for --layerwise");
  if (text && (!options.expected.empty() || !options.output.empty() ||
               options.pool != Pooling::None))
    return usage("--expected, --output and --pool are for --inputs");
  return ExitOk;
}

int Evaluation::openModels(StringRef executable) {
  ModelOptions open;
  open.threads = options.threads;
  open.isa = options.isa;
  Expected<std::unique_ptr<LoadedModel>> loaded =
      LoadedModel::open(options.model, open);
  if (!loaded)
    return fail(ExitIO, toString(loaded.takeError()));
  model = std::move(*loaded);
  if (options.ref.empty())
    return ExitOk;
  Expected<std::unique_ptr<LoadedModel>> opened = openReference(
      options.ref, executable, model->isa(), options.layerwise, open);
  if (!opened) {
    int code = ExitIO;
    handleAllErrors(
        opened.takeError(),
        [&](const CompileFailed &failed) { code = failed.exitCode; },
        [&](const ErrorInfoBase &info) { fail(ExitIO, info.message()); });
    return code;
  }
  reference = std::move(*opened);
  const std::string &own = model->getSignature().sourceSha256;
  const std::string &other = reference->getSignature().sourceSha256;
  if (own != other)
    errs() << "warning: " << options.model << " and " << options.ref
           << " come from different ONNX files\n";
  if (options.layerwise)
    layers.attach(*model, *reference);
  return ExitOk;
}

int Evaluation::chooseProtocol(TokenFile &file, ProtocolOptions &protocol) {
  if (options.bos.getNumOccurrences())
    protocol.bos = options.bos;
  else
    protocol.bos = file.bos;
  bool documents =
      options.documents || (file.hasDocuments && !options.llamaCpp &&
                            !options.stride.getNumOccurrences());
  protocol.protocol = options.llamaCpp ? Protocol::LlamaCpp
                      : documents      ? Protocol::Documents
                                       : Protocol::Windows;
  if (options.window.getNumOccurrences())
    protocol.window = options.window;
  else if (documents)
    protocol.window = 0;
  protocol.stride = options.stride;
  protocol.limit = options.limit;
  if (documents && !file.hasDocuments) {
    if (!protocol.bos)
      return usage("--documents: " + options.tokens +
                   " is a stream: --bos says where documents begin");
    if (!file.splitAt(*protocol.bos))
      return fail(ExitInvalid, options.tokens + ": does not begin with " +
                                   Twine(*protocol.bos) + ", the id of --bos");
  }
  return ExitOk;
}

int Evaluation::judgeText() {
  Expected<TokenFile> file = readTokenFile(options.tokens);
  if (!file)
    return fail(file.takeError());
  ProtocolOptions protocol;
  if (int code = chooseProtocol(*file, protocol))
    return code;
  Expected<WindowList> list = cutWindows(*file, protocol);
  if (!list)
    return fail(ExitInvalid,
                options.tokens + ": " + toString(list.takeError()));

  Expected<LanguageModel> own =
      LanguageModel::create(*model, options.ids, options.logits);
  if (!own)
    return fail(own.takeError());
  std::optional<LanguageModel> base;
  if (reference) {
    Expected<LanguageModel> created =
        LanguageModel::create(*reference, options.ids, options.logits);
    if (!created)
      return fail(created.takeError());
    base = std::move(*created);
  }
  int64_t vocabulary = own->vocabulary();
  if (vocabulary > 0) {
    if (file->vocabularySize.value_or(0) > vocabulary)
      return fail(ExitInvalid, options.tokens + ": made for a vocabulary of " +
                                   Twine(*file->vocabularySize) +
                                   ", the model has " + Twine(vocabulary));
    if (Error error = file->checkIds(vocabulary, options.tokens))
      return fail(std::move(error));
    if (protocol.bos && *protocol.bos >= vocabulary)
      return fail(ExitInvalid,
                  "--bos: the vocabulary has " + Twine(vocabulary) + " ids");
  }

  outs() << "protocol: " << list->description << "; " << list->windows.size()
         << " of them, batch " << options.batch << "\n";
  double sum = 0;
  size_t counted = 0;
  PerplexityOptions evaluation;
  evaluation.batch = options.batch;
  evaluation.layers = options.layerwise ? &layers : nullptr;
  evaluation.progress = [&](int64_t window, ArrayRef<Prediction> predictions) {
    for (const Prediction &prediction : predictions.drop_front(counted))
      sum += prediction.nll;
    counted = predictions.size();
    outs() << format("[%lld]%.4f,", static_cast<long long>(window),
                     std::exp(sum / counted));
    outs().flush();
  };
  Expected<PerplexityResult> result =
      evaluatePerplexity(*own, base ? &*base : nullptr, *list, evaluation);
  outs() << "\n";
  if (!result)
    return fail(result.takeError());

  PerplexitySummary summary = summarize(result->predictions, result->counts);
  outs() << format("Final estimate: PPL = %.4f +/- %.5f",
                   summary.perplexity.value, summary.perplexity.error)
         << format(" (+/- %.5f between windows), ",
                   summary.lossErrorBetweenWindows * summary.perplexity.value)
         << summary.predictions << " predictions\n";
  json::Object object;
  object["protocol"] = list->description;
  object["tokens"] = options.tokens.getValue();
  object["tokens_source_sha256"] = file->sourceSha256;
  object["dropped"] = list->dropped;
  object["batch"] = options.batch.getValue();
  object["model"] = toJSON(summary);
  if (base) {
    ComparisonSummary comparison = compare(result->predictions, result->counts);
    printComparison(outs(), summary, comparison);
    object["comparison"] = toJSON(comparison);
  }
  return reportLayers(object);
}

int Evaluation::judgeEmbeddings() {
  Expected<InputArrays> inputs =
      InputArrays::open(options.inputs, model->getSignature());
  if (!inputs)
    return fail(inputs.takeError());
  std::vector<float> expected;
  if (!options.expected.empty()) {
    auto read = readFloats(options.inputs, options.expected);
    if (!read)
      return fail(read.takeError());
    if (read->second[0] != inputs->samples())
      return fail(ExitInvalid,
                  options.inputs + ": array " + quoteName(options.expected) +
                      " holds " + Twine(read->second[0]) +
                      " samples, the inputs " + Twine(inputs->samples()));
    expected = std::move(read->first);
  }
  EmbeddingOptions evaluation;
  evaluation.pooling = options.pool;
  evaluation.output = options.output;
  evaluation.batch = options.batch;
  evaluation.limit = options.limit;
  evaluation.layers = options.layerwise ? &layers : nullptr;
  evaluation.progress = [&](int64_t done, int64_t total) {
    progress.update(done, total, "samples");
  };
  progress.begin("evaluate");
  Expected<EmbeddingSummary> summary = evaluateEmbeddings(
      *model, reference.get(), expected, *inputs, evaluation);
  if (!summary)
    return fail(summary.takeError());
  progress.end();
  outs() << "output " << quoteName(summary->output)
         << (options.pool == Pooling::Mean    ? ", mean over positions"
             : options.pool == Pooling::First ? ", first position"
                                              : "")
         << ", " << summary->samples << " samples, batch " << options.batch
         << "\n";
  printEmbeddings(outs(), *summary);
  json::Object object;
  object["inputs"] = options.inputs.getValue();
  object["batch"] = options.batch.getValue();
  object["embeddings"] = toJSON(*summary);
  return reportLayers(object);
}

int Evaluation::reportLayers(json::Object &object) {
  if (!options.layerwise)
    return writeJSON(std::move(object));
  std::vector<LayerError> found = layers.layers();
  printLayers(outs(), found);
  object["layers"] = toJSON(found);
  if (size_t count = layers.unmatched().size())
    errs() << "warning: " << count
           << " layers are in one of the libraries only, the first is "
           << quoteName(layers.unmatched().front()) << "\n";
  if (int code = writeJSON(std::move(object)))
    return code;
  if (!options.layerBound.getNumOccurrences())
    return ExitOk;
  for (const LayerError &layer : found)
    if (!(layer.sqnr() >= options.layerBound))
      return fail(ExitAccuracy,
                  formatv("the first layer below {0:F1} dB is {1}, with {2:F2}",
                          options.layerBound.getValue(), quoteName(layer.name),
                          layer.sqnr())
                      .str());
  return ExitOk;
}

void Evaluation::describe(json::Object &object) {
  auto entry = [](const LoadedModel &loaded, StringRef path) {
    return json::Object{{"path", path},
                        {"quant", loaded.getSignature().quant},
                        {"source_sha256", loaded.getSignature().sourceSha256},
                        {"isa", loaded.isa()},
                        {"threads", loaded.threads()},
                        {"bytes", int64_t(loaded.getBytes())}};
  };
  object["schema"] = 1;
  object["library"] = entry(*model, options.model);
  if (reference)
    object["reference"] = entry(*reference, options.ref);
}

int Evaluation::writeJSON(json::Object object) {
  if (options.json.empty())
    return ExitOk;
  describe(object);
  std::error_code code = writeFile(
      options.json, formatv("{0:2}\n", json::Value(std::move(object))).str());
  return code ? fail(ExitIO, options.json + ": " + code.message()) : ExitOk;
}

int Evaluation::run(StringRef executable) {
  if (int code = checkArguments())
    return code;
  if (int code = openModels(executable))
    return code;
  return options.tokens.empty() ? judgeEmbeddings() : judgeText();
}

} // namespace evaluate

int main(int argc, char **argv) {
  // LLVM's own options, --threads among them, are none of this tool's.
  cl::ResetCommandLineParser();
  evaluate::Options options;
  cl::HideUnrelatedOptions(options.category);
  if (!cl::ParseCommandLineOptions(argc, argv,
                                   "Judges a library made by qopt.\n", &errs()))
    return ExitUsage;
  std::string executable =
      sys::fs::getMainExecutable(argv[0], reinterpret_cast<void *>(&main));
  return finishStandardOutput(evaluate::Evaluation(options).run(executable));
}
