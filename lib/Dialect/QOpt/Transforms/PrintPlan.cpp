//===- PrintPlan.cpp - the plan as a table --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One line per contraction: what happens to it, what its weight takes before
// and after, and why it stays float. Totals cover the other constants too, so
// that the sum is near the size of the library.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/WeightData.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/Progress.h"
#include "llvm/Support/Format.h"

namespace mlir::qopt {
#define GEN_PASS_DEF_PRINTPLANPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

namespace {

struct Row {
  std::string node, shape, scheme, outliers, before, after, reason;
};

struct Totals {
  unsigned quantized = 0, kept = 0;
  int64_t before = 0, after = 0;
};

} // namespace

static int64_t bytesOf(ShapedType type) {
  return type.getNumElements() *
         llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

/// Bytes of the weight when the plan is carried out, scales and tail included.
static int64_t quantizedBytes(ContractionOpInterface op, SchemeAttr scheme) {
  auto [k, n] = weightShape(op);
  int64_t tailRows = 0;
  if (scheme.getOutliers() == OutlierMode::Dynamic)
    tailRows = k;
  else if (auto list = op->getAttrOfType<DenseI64ArrayAttr>(outliersAttrName))
    tailRows = list.size();
  return k * n + 4 * n + 2 * tailRows * n;
}

static Row makeRow(ContractionOpInterface op, unsigned floatWeightBits,
                   llvm::DenseSet<Value> &counted, Totals &totals) {
  Row row;
  row.node = quoteName(nodeName(op));
  row.node = row.node.substr(1, row.node.size() - 2);
  auto type = dyn_cast<RankedTensorType>(op.getWeight().getType());
  bool constant = bool(constantWeight(op)) && type;
  if (constant && type.getRank() == 2) {
    auto [k, n] = weightShape(op);
    row.shape = std::to_string(k) + "x" + std::to_string(n);
  } else if (constant) {
    llvm::raw_string_ostream text(row.shape);
    llvm::interleave(type.getShape(), text, "x");
  }

  auto scheme = op->getAttrOfType<SchemeAttr>(schemeAttrName);
  ++(scheme ? totals.quantized : totals.kept);
  int64_t before = constant ? bytesOf(type) : 0, after = before;
  if (scheme) {
    row.scheme =
        scheme.getOutliers() == OutlierMode::None ? "w8a8" : "llm-int8";
    if (scheme.getOutliers() == OutlierMode::Dynamic)
      row.outliers = "dynamic";
    else if (auto list = op->getAttrOfType<DenseI64ArrayAttr>(outliersAttrName))
      row.outliers = std::to_string(list.size());
    if (auto note = op->getAttrOfType<StringAttr>(noteAttrName))
      row.reason = note.str();
    after = quantizedBytes(op, scheme);
  } else {
    row.scheme = "float";
    if (auto keep = op->getAttrOfType<StringAttr>(keepAttrName))
      row.reason = keep.str();
    Operation *weight = op.getWeight().getDefiningOp();
    if (constant && weight && isStoredAsHalf(weight, floatWeightBits == 16))
      after /= 2;
  }
  if (constant) {
    row.before = std::to_string(before);
    row.after = std::to_string(after);
    // A weight that several layers share is stored once.
    if (counted.insert(op.getWeight()).second) {
      totals.before += before;
      totals.after += after;
    }
  }
  return row;
}

static void printTable(ArrayRef<Row> rows, raw_ostream &os) {
  std::string Row::*columns[] = {&Row::node,     &Row::shape,  &Row::scheme,
                                 &Row::outliers, &Row::before, &Row::after,
                                 &Row::reason};
  for (const Row &row : rows) {
    std::string line;
    llvm::raw_string_ostream text(line);
    for (auto [i, column] : llvm::enumerate(columns)) {
      size_t width = 0;
      for (const Row &other : rows)
        width = std::max(width, (other.*column).size());
      bool number = i >= 3 && i <= 5;
      size_t pad = width - (row.*column).size();
      text.indent(number ? pad : 0) << row.*column;
      text.indent((number ? 0 : pad) + 2);
    }
    os << StringRef(line).rtrim() << '\n';
  }
}

/// Which data is behind something, from an attribute of the module.
static void printOrigin(ModuleOp module, StringRef attribute, StringRef what,
                        raw_ostream &os) {
  auto origin = module->getAttrOfType<DictionaryAttr>(attribute);
  if (!origin)
    return;
  auto samples = origin.getAs<IntegerAttr>("samples");
  auto tokens = origin.getAs<IntegerAttr>("tokens");
  if (!samples || !tokens)
    return;
  os << what << " from " << samples.getInt() << " samples, " << tokens.getInt()
     << " tokens";
  if (auto alpha = origin.getAs<FloatAttr>("alpha"))
    os << ", alpha " << llvm::format("%g", alpha.getValueAsDouble());
  os << '\n';
}

void qopt::printPlan(ModuleOp module, raw_ostream &os,
                     unsigned floatWeightBits) {
  Totals totals;
  llvm::DenseSet<Value> counted;
  std::vector<Row> rows{{"node", "KxN", "scheme", "outliers", "bytes before",
                         "bytes after", "reason"}};
  for (ContractionOpInterface op : collectContractions(module))
    rows.push_back(makeRow(op, floatWeightBits, counted, totals));
  printTable(rows, os);

  Totals others;
  module.walk([&](Operation *op) {
    if (!op->hasTrait<OpTrait::ConstantLike>() || op->getNumResults() != 1 ||
        counted.contains(op->getResult(0)))
      return;
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type)
      return;
    int64_t bytes = bytesOf(type);
    others.before += bytes;
    others.after +=
        isStoredAsHalf(op, floatWeightBits == 16) ? bytes / 2 : bytes;
  });
  auto printBytes = [&](int64_t before, int64_t after) {
    os << before << " -> " << after << " bytes (" << formatBytes(before)
       << " -> " << formatBytes(after) << ")\n";
  };
  os << totals.quantized << " quantized, " << totals.kept << " in float\n";
  // Without smoothing the data serves the lists alone, even if all are empty.
  bool smoothed = module->hasAttr(smoothingAttrName);
  bool hasLists = llvm::any_of(ArrayRef(rows).drop_front(), [](const Row &row) {
    return !row.outliers.empty();
  });
  if (!smoothed || hasLists)
    printOrigin(module, calibrationAttrName, "outlier lists", os);
  printOrigin(module, smoothingAttrName, "smoothing factors", os);
  os << "their weights:   ";
  printBytes(totals.before, totals.after);
  os << "other constants: ";
  printBytes(others.before, others.after);
  os << "all constants:   ";
  printBytes(totals.before + others.before, totals.after + others.after);
}

namespace {

class PrintPlanPass final
    : public qopt::impl::PrintPlanPassBase<PrintPlanPass> {
public:
  using PrintPlanPassBase::PrintPlanPassBase;

  void runOnOperation() override {
    if (floatWeights != "f16" && floatWeights != "f32") {
      emitError(getOperation().getLoc(), "float-weights is f16 or f32, not '")
          << floatWeights << "'";
      return signalPassFailure();
    }
    printPlan(getOperation(), llvm::outs(), floatWeights == "f16" ? 16 : 32);
    llvm::outs().flush();
    markAllAnalysesPreserved();
  }
};

} // namespace
