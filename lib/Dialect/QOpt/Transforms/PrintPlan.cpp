//===- PrintPlan.cpp - the plan as a table --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One line per contraction: what happens to it, what its weight takes before
// and after. What has to be said about it stands on the same line where 100
// columns have room for it, and on lines of its own behind it elsewhere.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/LayerPlan.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/Progress.h"
#include "llvm/Support/Format.h"

namespace mlir::qopt {
#define GEN_PASS_DEF_PRINTPLANPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

/// Width of a terminal that still shows the table as it is meant.
static constexpr size_t lineWidth = 100;

namespace {

struct Row {
  std::string node, shape, scheme, outliers, before, after, reason;
};

} // namespace

/// What a user would write, without what the column of outliers says.
static std::string schemeText(const LayerPlan &layer) {
  if (!layer.scheme)
    return "float";
  SchemeSpec spec = *layer.scheme;
  spec.mode = SchemeSpec::Mode::Auto;
  std::string text = spec.str();
  if (!layer.alpha.empty())
    text += " alpha " + layer.alpha;
  return text;
}

static Row makeRow(const LayerPlan &layer) {
  Row row;
  row.node = quoteName(layer.name);
  row.node = row.node.substr(1, row.node.size() - 2);
  row.shape = layer.shapeText();
  row.scheme = schemeText(layer);
  row.outliers = layer.outlierText();
  row.reason = layer.scheme ? layer.note : layer.reason;
  if (!layer.shape.empty()) {
    row.before = std::to_string(layer.bytesBefore);
    row.after = std::to_string(layer.bytesAfter);
  }
  return row;
}

/// Prints `text` at the end of `line`, or below it in lines of its own.
static void printRemark(StringRef line, StringRef text, raw_ostream &os) {
  constexpr size_t indent = 4;
  os << line.rtrim();
  if (line.size() + text.size() <= lineWidth) {
    if (!text.empty())
      os.indent(line.size() - line.rtrim().size()) << text;
    os << '\n';
    return;
  }
  os << '\n';
  while (!text.empty()) {
    size_t room = lineWidth - indent, cut = text.size();
    if (cut > room) {
      cut = text.rfind(' ', room);
      if (cut == StringRef::npos || cut == 0)
        cut = std::min(text.find(' '), text.size());
    }
    os.indent(indent) << text.take_front(cut) << '\n';
    text = text.drop_front(cut).ltrim();
  }
}

static void printTable(ArrayRef<Row> rows, raw_ostream &os) {
  std::string Row::*columns[] = {&Row::node,     &Row::shape,  &Row::scheme,
                                 &Row::outliers, &Row::before, &Row::after};
  std::vector<size_t> widths;
  for (std::string Row::*column : columns) {
    size_t &width = widths.emplace_back(0);
    for (const Row &row : rows)
      width = std::max(width, (row.*column).size());
  }
  for (const Row &row : rows) {
    std::string line;
    llvm::raw_string_ostream text(line);
    for (auto [i, column] : llvm::enumerate(columns)) {
      bool number = i >= 3;
      size_t pad = widths[i] - (row.*column).size();
      text.indent(number ? pad : 0) << row.*column;
      text.indent((number ? 0 : pad) + 2);
    }
    printRemark(line, row.reason, os);
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
  std::vector<LayerPlan> layers = describePlan(module, floatWeightBits);
  std::vector<Row> rows{{"node", "KxN", "scheme", "outliers", "bytes before",
                         "bytes after", "reason"}};
  bool hasLists = false, hasScales = false;
  for (const LayerPlan &layer : layers) {
    rows.push_back(makeRow(layer));
    hasLists |= layer.hasOutlierList;
    hasScales |= layer.activationScale.has_value();
  }
  printTable(rows, os);

  PlanTotals totals = sumPlan(module, layers, floatWeightBits);
  auto printBytes = [&](int64_t before, int64_t after) {
    os << before << " -> " << after << " bytes (" << formatBytes(before)
       << " -> " << formatBytes(after) << ")\n";
  };
  os << totals.quantized << " quantized, " << totals.kept << " in float\n";
  if (std::string attention = describeAttention(module); !attention.empty())
    os << attention << '\n';
  // Without smoothing the data serves the lists alone, even if all are empty.
  bool smoothed = module->hasAttr(smoothingAttrName);
  if (hasScales)
    printOrigin(module, calibrationAttrName, "activation scales", os);
  if (hasLists || !(smoothed || hasScales))
    printOrigin(module, calibrationAttrName, "outlier lists", os);
  printOrigin(module, smoothingAttrName, "smoothing factors", os);
  os << "their weights:   ";
  printBytes(totals.weightsBefore, totals.weightsAfter);
  os << "other constants: ";
  printBytes(totals.othersBefore, totals.othersAfter);
  os << "all constants:   ";
  printBytes(totals.weightsBefore + totals.othersBefore,
             totals.weightsAfter + totals.othersAfter);
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
