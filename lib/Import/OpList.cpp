//===- OpList.cpp - the operators that qopt compiles ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Import/OpList.h"
#include "Opset.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include <array>

using namespace llvm;

namespace mlir::qopt {

namespace {
struct Row {
  const char *name, *types, *limits;
};

constexpr Row definitions[] = {
#include "qopt/Dialect/ONNX/IR/ONNXOpList.inc"
};

/// Operators that are written as others while they are imported: by their key,
/// since no op of the dialect has their name.
constexpr Row composites[] = {
    {"Dropout", "data, ratio: float; training_mode: bool",
     "inference only: training_mode is absent or constant false, in opset 6 "
     "is_test is 1"},
    {"Scan", "initial states, scan inputs: any",
     "in opset 8 without lengths of the sequences"},
    {"Scatter", "data, updates: any; indices: int32, int64", ""},
    {"SimplifiedLayerNormalization", "float",
     "not with the statistics as outputs"},
    {"Upsample", "x: integer, float; scales: float", "as Resize"},
    {"ai.onnx.preview.FlexAttention", "float", ""},
    {"com.microsoft.Attention", "float; mask_index: int32",
     "no shared buffer of the past, no do_rotary; mask_index of rank 1 to 4 "
     "that is known"},
    {"com.microsoft.BiasGelu", "float", ""},
    {"com.microsoft.BiasSplitGelu", "float", ""},
    {"com.microsoft.DynamicQuantizeMatMul", "a: float; b: int8, uint8", ""},
    {"com.microsoft.EmbedLayerNormalization", "ids: int32; embeddings: float",
     ""},
    {"com.microsoft.FastGelu", "float", ""},
    {"com.microsoft.FusedGemm", "float",
     "activations: Relu, Sigmoid, Tanh, Softplus, Softsign, LeakyRelu, Elu, "
     "ThresholdedRelu, HardSigmoid"},
    {"com.microsoft.FusedMatMul", "float", ""},
    {"com.microsoft.GatherBlockQuantized",
     "data: int4, uint4, uint8; indices: int32, int64; scales: float",
     "2, 4 or 8 bits; gather_axis 0, quantize_axis the last; packed data is a "
     "constant"},
    {"com.microsoft.Gelu", "float", ""},
    {"com.microsoft.GroupQueryAttention", "float; lengths: int32",
     "no quantized cache, smooth_softmax, head_sink, sliding_window_cache, "
     "qk_output; causal only"},
    {"com.microsoft.MatMulIntegerToFloat", "a, b: int8, uint8; scales: float",
     ""},
    {"com.microsoft.MatMulNBits", "a, scales: float; b: uint8",
     "2, 4 or 8 bits; weight and zero points are constants, not prepacked"},
    {"com.microsoft.MultiHeadAttention", "float; masks: int32",
     "query, key and value apart; no past in a shared buffer"},
    {"com.microsoft.QAttention", "input, weight: int8, uint8; scales: float",
     "no shared buffer of the past, no do_rotary"},
    {"com.microsoft.QLinearAdd", "int8, uint8; scales: float", ""},
    {"com.microsoft.QLinearAveragePool", "int8, uint8; scales: float",
     "not with channels_last"},
    {"com.microsoft.QLinearConcat", "int8, uint8; scales: float", ""},
    {"com.microsoft.QLinearGlobalAveragePool", "int8, uint8; scales: float",
     "not with channels_last"},
    {"com.microsoft.QLinearLeakyRelu", "int8, uint8; scales: float", ""},
    {"com.microsoft.QLinearMul", "int8, uint8; scales: float", ""},
    {"com.microsoft.QLinearSigmoid", "int8, uint8; scales: float", ""},
    {"com.microsoft.QLinearSoftmax", "int8, uint8; scales: float",
     "over one dim, in its form before opset 13 over the last"},
    {"com.microsoft.QuickGelu", "float", ""},
    {"com.microsoft.RotaryEmbedding",
     "input, caches: float; position_ids: int64",
     "input and position_ids of known rank"},
    {"com.microsoft.SimplifiedLayerNormalization", "float",
     "not with the statistics as outputs"},
    {"com.microsoft.SkipLayerNormalization", "float", ""},
    {"com.microsoft.SkipSimplifiedLayerNormalization", "float",
     "not with the statistics as outputs"},
};

const Row *findRow(ArrayRef<Row> rows, const Twine &name) {
  std::string wanted = name.str();
  for (const Row &row : rows)
    if (wanted == row.name)
      return &row;
  return nullptr;
}

SupportedOp describe(StringRef key) {
  const importer::OpForm &form = *importer::findForm(key, INT64_MAX);
  SupportedOp result;
  result.op = form.opName().str();
  StringRef domain = key.drop_back(result.op.size());
  domain.consume_back(".");
  result.domain = domain.empty() ? "ai.onnx" : domain.str();
  result.opsets = std::to_string(importer::firstVersion(key));
  if (domain.empty())
    result.opsets += " to " + std::to_string(importer::newestOpset);
  const Row *row = findRow(composites, key);
  if (!row)
    row = findRow(definitions, "onnx." + result.op);
  if (row) {
    result.types = row->types;
    result.limits = row->limits;
  }
  std::string refused;
  importer::forEachAttribute(form, [&](StringRef name, StringRef kind) {
    if (kind.starts_with("u"))
      refused += (refused.empty() ? "" : ", ") + name.str();
  });
  if (!refused.empty())
    result.limits += (result.limits.empty() ? "" : "; ") +
                     ("not with the attributes " + refused);
  return result;
}

/// Text inside of a table of Markdown.
std::string cell(StringRef text) {
  std::string result;
  for (char c : text) {
    if (c == '|' || c == '<' || c == '*')
      result += '\\';
    result += c;
  }
  return result;
}

constexpr const char *head = R"(# Supported operators

Generated by `qopt --list-ops=markdown`. Do not edit.

Opsets: the versions of the domain with which a model may import the operator. Element
types: those of the operands; `integer` is bool, int8 to int64 and uint8 to uint64, `float`
is float16, bfloat16, float and double, `any` both and the storage types (int2, int4, float4,
float8), which Cast, QuantizeLinear, DequantizeLinear and what only moves elements take.
Ranks go up to 8. Sequences, maps, optionals, strings and sparse tensors are not supported,
neither are operators of training and random ones.

| domain | operator | opsets | element types | limits |
|---|---|---|---|---|
)";
} // namespace

std::vector<SupportedOp> listSupportedOps(MLIRContext &context) {
  std::vector<SupportedOp> ops;
  for (StringRef key : importer::knownOps())
    if (importer::isSupported(*importer::findForm(key, INT64_MAX), &context))
      ops.push_back(describe(key));
  llvm::sort(ops, [](const SupportedOp &a, const SupportedOp &b) {
    return std::tie(a.domain, a.op) < std::tie(b.domain, b.op);
  });
  return ops;
}

void printSupportedOps(MLIRContext &context, bool markdown, raw_ostream &os) {
  std::vector<SupportedOp> ops = listSupportedOps(context);
  if (markdown) {
    os << head;
    for (const SupportedOp &op : ops)
      os << "| " << op.domain << " | " << op.op << " | " << op.opsets << " | "
         << cell(op.types) << " | " << cell(op.limits) << " |\n";
    return;
  }
  std::vector<std::array<StringRef, 4>> rows;
  std::array<size_t, 4> widths = {};
  for (const SupportedOp &op : ops) {
    rows.push_back({op.domain, op.op, op.opsets, op.types});
    for (unsigned i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], rows.back()[i].size());
  }
  for (const auto &[row, op] : llvm::zip(rows, ops)) {
    std::string line;
    for (unsigned i = 0; i < widths.size(); ++i)
      line += row[i].str() + std::string(widths[i] + 2 - row[i].size(), ' ');
    os << StringRef(line + op.limits).rtrim() << "\n";
  }
}

} // namespace mlir::qopt
