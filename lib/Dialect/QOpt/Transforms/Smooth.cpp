//===- Smooth.cpp - move the range of activations into the weights --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each activation gets one s: folded into the operation in front when nobody
// else would notice, else left to the quantize step. Either way the model
// computes the same function, and the plan says what happened. All groups are
// found and all factors chosen on the model as it was, and then written.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/Smooth.h"
#include "mlir/IR/Threading.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/LayerRecipe.h"
#include "qopt/Dialect/QOpt/Transforms/LayerTaps.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/TapStatistics.h"
#include "qopt/Support/Names.h"
#include "llvm/Support/Format.h"

namespace mlir::qopt {
#define GEN_PASS_DEF_SMOOTHPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

namespace {

/// Activations that get their factors together.
struct Job {
  SmoothGroup group;
  /// What takes them; none: the quantize step, for this reason.
  std::optional<ScalePair> pair;
  std::string reason;
  SmoothChoice choice;
};

class SmoothPass final : public qopt::impl::SmoothPassBase<SmoothPass> {
public:
  using SmoothPassBase::SmoothPassBase;
  void runOnOperation() override;

private:
  FailureOr<bool> hasWork();
  FailureOr<Alpha> alphaOf(ContractionOpInterface op);
  LogicalResult addReader(SmoothGroup &group, ContractionOpInterface op,
                          ArrayRef<int32_t> factors);
  LogicalResult addJob(const Tap &tap);
  LogicalResult chooseAlpha(SmoothGroup &group);
  void write(Job &job);
  void fold(Job &job);
  void leaveToQuantize(Job &job);
  void setFactors(const SmoothGroup::Reader &reader, const Job &job,
                  bool inKernel, const Twine &note);
  void replaceConstants(Operation *op, llvm::function_ref<void()> change);
  void writeOrigin();

  /// Whether the plan quantizes the activation; without a plan, all count.
  bool isWanted(ContractionOpInterface op) const {
    if (!hasPlan)
      return true;
    auto scheme = op->getAttrOfType<SchemeAttr>(schemeAttrName);
    return scheme && !scheme.isWeightOnly();
  }

  std::optional<TapStatistics> calibration;
  std::optional<BlobUses> blobs;
  Alpha standard;
  bool hasPlan = false;
  std::vector<Job> jobs;
  /// Activations that have a job.
  llvm::DenseSet<Value> done;
  /// Scaled copies of weights, which readers of one weight share.
  llvm::DenseMap<std::pair<Value, Attribute>, Value> copies;
};

} // namespace

/// Nothing is to be done for alpha=off, unless layers say otherwise.
FailureOr<bool> SmoothPass::hasWork() {
  Location loc = getOperation().getLoc();
  std::optional<Alpha> parsed = Alpha::parse(alpha);
  if (!parsed)
    return emitError(loc, "qopt-smooth: alpha must be within [0, 1], auto or "
                          "off");
  standard = *parsed;
  if (standard.kind == Alpha::Kind::Off &&
      llvm::none_of(collectContractions(getOperation()),
                    [](Operation *op) { return op->hasAttr(alphaAttrName); }))
    return false;
  if (statistics.empty())
    return emitError(loc, "qopt-smooth needs a statistics file");
  if (getOperation()->hasAttr(smoothingAttrName))
    return emitError(loc, "the model is smoothed already; its statistics "
                          "describe what it was before");
  return true;
}

FailureOr<Alpha> SmoothPass::alphaOf(ContractionOpInterface op) {
  Attribute own = op->getAttr(alphaAttrName);
  if (!own)
    return standard;
  std::optional<Alpha> alpha = Alpha::read(own);
  if (!alpha)
    return emitError(op->getLoc())
           << alphaAttrName << " must be within [0, 1], auto or off";
  return *alpha;
}

LogicalResult SmoothPass::addReader(SmoothGroup &group,
                                    ContractionOpInterface op,
                                    ArrayRef<int32_t> factors) {
  FailureOr<const ColumnStatistics *> columns = calibration->find(op);
  FailureOr<Alpha> alpha = alphaOf(op);
  if (failed(columns) || failed(alpha))
    return failure();
  group.readers.push_back({op, SmallVector<int32_t>(factors), *columns,
                           isWanted(op) && alpha->kind != Alpha::Kind::Off});
  return success();
}

/// That of the readers, which share their factors.
LogicalResult SmoothPass::chooseAlpha(SmoothGroup &group) {
  ContractionOpInterface first;
  for (const SmoothGroup::Reader &reader : group.readers) {
    if (!reader.isWanted)
      continue;
    FailureOr<Alpha> alpha = alphaOf(reader.op);
    if (failed(alpha))
      return failure();
    if (!first) {
      first = reader.op;
      group.alpha = *alpha;
    } else if (alpha->kind != group.alpha.kind ||
               alpha->value != group.alpha.value) {
      emitWarning(reader.op->getLoc())
          << "has another alpha than " << quoteName(nodeName(first))
          << ", with which it shares its factors; that one counts";
    }
  }
  return success();
}

LogicalResult SmoothPass::addJob(const Tap &tap) {
  Job job;
  std::optional<ScalePair> pair = findScalePair(tap.activation, job.reason);
  if (pair) {
    job.group.numFactors = pair->numFactors;
    job.group.isFree = pair->isFree;
    for (ScalePair::Reader &reader : pair->readers) {
      FailureOr<Alpha> alpha = alphaOf(reader.op);
      if (failed(alpha) ||
          failed(addReader(job.group, reader.op, reader.factors)))
        return failure();
      if (alpha->kind == Alpha::Kind::Off && isWanted(reader.op))
        job.reason = quoteName(nodeName(reader.op)) + " has alpha=off";
    }
    if (job.reason.empty()) {
      for (ScalePair::Reader &reader : pair->readers)
        done.insert(reader.op.getActivation());
      job.pair = std::move(pair);
    }
  }
  if (!job.pair) {
    job.group = {};
    job.group.numFactors = weightShape(tap.readers.front()).first;
    job.group.isFree.assign(job.group.numFactors, true);
    SmallVector<int32_t> each;
    for (int32_t k = 0; k < job.group.numFactors; ++k)
      each.push_back(k);
    for (ContractionOpInterface op : tap.readers)
      if (isWanted(op) && failed(addReader(job.group, op, each)))
        return failure();
    // Each reader scales its own weight: those without factors stay out.
    llvm::erase_if(job.group.readers, [](const SmoothGroup::Reader &reader) {
      return !reader.isWanted;
    });
  }
  if (failed(chooseAlpha(job.group)))
    return failure();
  if (llvm::any_of(job.group.readers, [](const SmoothGroup::Reader &reader) {
        return reader.isWanted;
      }))
    jobs.push_back(std::move(job));
  return success();
}

/// Runs `change`, which gives the operation other constants; frees those that
/// nobody reads any more.
void SmoothPass::replaceConstants(Operation *op,
                                  llvm::function_ref<void()> change) {
  SmallVector<Value> before(op->getOperands());
  change();
  for (auto [old, now] : llvm::zip_equal(before, op->getOperands())) {
    if (old == now)
      continue;
    if (now.hasOneUse())
      blobs->add(now.getDefiningOp());
    if (llvm::none_of(copies, [&, gone = old](auto &entry) {
          return entry.first.first == gone;
        }))
      blobs->eraseIfUnused(old.getDefiningOp());
  }
}

/// " (s 0.1 to 3.5)"
static std::string rangeText(const SmoothChoice &choice) {
  auto [least, most] =
      std::minmax_element(choice.factors.begin(), choice.factors.end());
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::format(" (s %.3g to %.3g)", *least, *most);
  return text;
}

void SmoothPass::setFactors(const SmoothGroup::Reader &reader, const Job &job,
                            bool inKernel, const Twine &note) {
  SmallVector<float> factors =
      factorsOfColumns(job.choice.factors, reader.factors);
  Builder builder(&getContext());
  auto type =
      RankedTensorType::get({int64_t(factors.size())}, builder.getF32Type());
  auto attribute = DenseElementsAttr::get(type, ArrayRef<float>(factors));
  Operation *op = reader.op;
  op->setAttr(smoothedAttrName, attribute);
  if (inKernel)
    op->setAttr(smoothAttrName, attribute);
  op->setAttr(alphaAttrName, builder.getF64FloatAttr(job.choice.alpha.value));
  addNote(reader.op, note);
}

void SmoothPass::fold(Job &job) {
  ScalePair &pair = *job.pair;
  SmallVector<float> inverse;
  for (float s : job.choice.factors)
    inverse.push_back(1 / s);
  replaceConstants(pair.producer, [&] {
    OpBuilder builder(pair.producer);
    pair.producer.absorbScale(builder, inverse);
  });
  if (isa<ContractionOpInterface>(pair.producer.getOperation()))
    noteOutputScale(pair.producer, inverse);
  for (auto &[op, layout] : pair.passed) {
    if (llvm::all_of(factorsOfColumns(inverse, layout.factors),
                     [](float s) { return s == 1; }))
      continue;
    ScalePassingOpInterface passing = op;
    const ScaleLayout &place = layout;
    replaceConstants(passing, [&] {
      OpBuilder builder(passing);
      passing.rescaleConstants(builder, place, inverse);
    });
  }
  std::string note = "smoothed into " + quoteName(nodeName(pair.producer)) +
                     rangeText(job.choice);
  for (const SmoothGroup::Reader &reader : job.group.readers) {
    setFactors(reader, job, /*inKernel=*/false, note);
    ContractionOpInterface op = reader.op;
    Value weight = op.getWeight();
    Value &copy = copies[{weight, op->getAttr(smoothedAttrName)}];
    // Not in front of the reader: the other branch of an If may share it.
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfter(weight.getDefiningOp());
    if (!copy)
      copy = makeScaledWeight(
          op, factorsOfColumns(job.choice.factors, reader.factors), builder);
    replaceConstants(op, [&] {
      for (OpOperand &operand : op->getOpOperands())
        if (operand.get() == weight)
          return operand.set(copy);
    });
  }
  ++numFolded;
}

void SmoothPass::leaveToQuantize(Job &job) {
  std::string note =
      "smoothed in-kernel" + rangeText(job.choice) + ": " + job.reason;
  for (const SmoothGroup::Reader &reader : job.group.readers)
    setFactors(reader, job, /*inKernel=*/true, note);
  ++numInKernel;
}

void SmoothPass::write(Job &job) {
  auto noteAll = [&](StringRef text) {
    for (const SmoothGroup::Reader &reader : job.group.readers)
      if (reader.isWanted)
        addNote(reader.op, text);
  };
  if (job.choice.hadNoRows)
    noteAll("alpha=auto without sample rows: 0.5");
  if (job.choice.alpha.kind == Alpha::Kind::Off) {
    for (const SmoothGroup::Reader &reader : job.group.readers)
      reader.op->setAttr(alphaAttrName, StringAttr::get(&getContext(), "off"));
    return noteAll("not smoothed: no alpha makes the error smaller");
  }
  if (job.choice.factors.empty())
    return noteAll("not smoothed: the activation is always 0 in the "
                   "statistics");
  if (job.pair)
    fold(job);
  else
    leaveToQuantize(job);
}

/// Says on the module where the factors come from.
void SmoothPass::writeOrigin() {
  Builder builder(&getContext());
  Attribute text = builder.getStringAttr(alpha);
  if (standard.kind == Alpha::Kind::Given)
    text = builder.getF64FloatAttr(standard.value);
  getOperation()->setAttr(
      smoothingAttrName,
      builder.getDictionaryAttr(
          {builder.getNamedAttr("alpha", text),
           builder.getNamedAttr(
               "samples", builder.getI64IntegerAttr(calibration->samples())),
           builder.getNamedAttr(
               "tokens", builder.getI64IntegerAttr(calibration->tokens()))}));
}

void SmoothPass::runOnOperation() {
  ModuleOp module = getOperation();
  jobs.clear();
  done.clear();
  copies.clear();
  FailureOr<bool> work = hasWork();
  if (failed(work))
    return signalPassFailure();
  if (!*work)
    return;
  FailureOr<TapStatistics> loaded = TapStatistics::load(module, statistics);
  if (failed(loaded))
    return signalPassFailure();
  calibration = std::move(*loaded);
  hasPlan =
      llvm::any_of(collectContractions(module), [](ContractionOpInterface op) {
        return op->hasAttr(schemeAttrName) || op->hasAttr(keepAttrName);
      });

  for (const Tap &tap : collectTaps(module))
    if (!done.contains(tap.activation) && failed(addJob(tap)))
      return signalPassFailure();
  if (failed(failableParallelForEach(
          &getContext(), jobs, [](Job &job) -> LogicalResult {
            FailureOr<SmoothChoice> choice = chooseFactors(job.group);
            if (failed(choice))
              return failure();
            job.choice = std::move(*choice);
            return success();
          })))
    return signalPassFailure();
  blobs.emplace(module);
  for (Job &job : jobs)
    write(job);
  for (auto &[key, copy] : copies)
    blobs->eraseIfUnused(key.first.getDefiningOp());
  if (numFolded + numInKernel == 0)
    emitWarning(module.getLoc(), "no activation was smoothed");
  else if (numFolded == 0)
    emitWarning(module.getLoc(),
                "no operation could take factors of smoothing: all of them are "
                "left to the quantize step");
  writeOrigin();
}
