//===- Signature.cpp - inputs, outputs and their dims ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Dim names are expressions: exporters write "past_sequence_length +
// sequence_length". Sums of names and numbers are understood, anything else is
// one opaque symbol. Static sizes given by --shape and --dim bind symbols, so
// that one size reaches every input and output that shares it. Declared dims of
// outputs are hints and are kept as such.
//===----------------------------------------------------------------------===//

#include "Signature.h"
#include "DataTypes.h"
#include "mlir/IR/Builders.h"
#include "qopt/Support/DidYouMean.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace llvm;

namespace mlir::qopt::importer {

namespace {
/// A name that can stand in a sum: no spaces or operators, not a number.
bool isSymbol(StringRef text) {
  return !text.empty() && !isDigit(text.front()) &&
         text.find_first_of(" \t\n+-*/%()") == StringRef::npos;
}

class SignatureReader {
public:
  SignatureReader(const pb::GraphProto &graph, MLIRContext *context,
                  Reporter &reporter, Signature &signature)
      : graph(graph), context(context), reporter(reporter),
        signature(signature), options(reporter.getOptions()) {}

  LogicalResult read();

private:
  LogicalResult readPort(const pb::ValueInfoProto &value, const char *role,
                         Port &port);
  LogicalResult readDims(const pb::TensorShapeProto &shape, const char *role,
                         Port &port);
  LogicalResult applyShape(const ShapeOption &option);
  LogicalResult applyDim(const DimOption &option);
  LogicalResult bind(StringRef symbol, int64_t size, const Twine &origin);
  LogicalResult substitute(Port &port, bool isInput);

  const pb::GraphProto &graph;
  MLIRContext *context;
  Reporter &reporter;
  Signature &signature;
  const ImportOptions &options;
  StringMap<int64_t> bindings;
  StringSet<> symbols; ///< All that occur in declared dims.
};
} // namespace

Dim Dim::parse(StringRef text) {
  Dim dim;
  SmallVector<StringRef> terms;
  text.split(terms, '+');
  for (StringRef term : terms) {
    term = term.trim();
    int64_t number;
    if (!term.getAsInteger(10, number) && number >= 0) {
      std::optional<int64_t> sum = checkedAdd(dim.constant, number);
      if (sum) {
        dim.constant = *sum;
        continue;
      }
    } else if (isSymbol(term)) {
      dim.symbols.push_back(term.str());
      continue;
    }
    return {{text.str()}, 0};
  }
  return dim;
}

std::string Dim::str() const {
  std::string text = join(symbols, " + ");
  if (symbols.empty() || constant != 0)
    text += (symbols.empty() ? "" : " + ") + std::to_string(constant);
  return text;
}

TensorType Port::getType() const {
  if (!ranked)
    return UnrankedTensorType::get(elementType);
  SmallVector<int64_t> shape;
  for (const Dim &dim : dims)
    shape.push_back(dim.isStatic() ? dim.constant : ShapedType::kDynamic);
  return RankedTensorType::get(shape, elementType);
}

DictionaryAttr Port::getAttributes(MLIRContext *context) const {
  Builder builder(context);
  SmallVector<NamedAttribute> entries;
  entries.push_back(
      builder.getNamedAttr("onnx.name", builder.getStringAttr(name)));
  if (ranked) {
    SmallVector<Attribute> texts;
    for (const Dim &dim : dims)
      texts.push_back(dim.isStatic()
                          ? Attribute(builder.getI64IntegerAttr(dim.constant))
                          : builder.getStringAttr(dim.str()));
    entries.push_back(
        builder.getNamedAttr("onnx.dims", builder.getArrayAttr(texts)));
  }
  return builder.getDictionaryAttr(entries);
}

LogicalResult SignatureReader::readDims(const pb::TensorShapeProto &shape,
                                        const char *role, Port &port) {
  std::string subject = role + (" " + quoted(port.name));
  if (shape.dim_size() > maxRank)
    return reporter.invalid(subject + ": rank " + Twine(shape.dim_size()) +
                            " exceeds the limit of " + Twine(maxRank));
  port.ranked = true;
  SmallVector<int64_t> sizes;
  for (int i = 0; i < shape.dim_size(); ++i) {
    const pb::TensorShapeProto::Dimension &dim = shape.dim(i);
    if (dim.has_dim_value()) {
      if (dim.dim_value() < 0)
        return reporter.invalid(subject + ": dim " + Twine(i) + " is " +
                                Twine(dim.dim_value()));
      port.dims.push_back({{}, dim.dim_value()});
      sizes.push_back(dim.dim_value());
      continue;
    }
    StringRef text = StringRef(dim.dim_param()).trim();
    if (text.size() > options.maxNameLength)
      return reporter.limit(subject + ": the name of dim " + Twine(i) +
                            " has " + Twine(text.size()) + " bytes");
    // A dim without a name gets one of its own, which no other dim shares.
    std::string own = port.name + "_dim" + std::to_string(i);
    if (!isSymbol(own))
      own = role +
            std::to_string(role[0] == 'i' ? signature.inputs.size()
                                          : signature.outputs.size()) +
            "_dim" + std::to_string(i);
    Dim parsed = Dim::parse(text);
    // Text that only looks like a number must not be taken for one later.
    bool isName =
        !text.empty() && (isAlpha(text.front()) || text.front() == '_');
    bool isOpaque = parsed.symbols.size() == 1 && !isSymbol(parsed.symbols[0]);
    if (text.empty() || (isOpaque && !isName))
      parsed = {{own}, 0};
    port.dims.push_back(std::move(parsed));
    if (port.dims.back().isStatic())
      sizes.push_back(port.dims.back().constant);
  }
  uint64_t count = 0;
  if (!countElements(sizes, count) || count > uint64_t(INT64_MAX) / 8)
    return reporter.invalid(subject + ": the size of the tensor overflows");
  return success();
}

LogicalResult SignatureReader::readPort(const pb::ValueInfoProto &value,
                                        const char *role, Port &port) {
  port.name = value.name();
  std::string subject = role + (" " + quoted(port.name));
  const pb::TypeProto &type = value.type();
  switch (type.value_case()) {
  case pb::TypeProto::kTensorType:
    break;
  case pb::TypeProto::VALUE_NOT_SET:
    return reporter.invalid(subject + " has no type");
  default:
    return reporter.unsupported(
        subject +
        ": sequence, map, optional and sparse types are not supported");
  }
  const pb::TypeProto::Tensor &tensor = type.tensor_type();
  if (tensor.elem_type() == 0)
    return reporter.invalid(subject + " has no element type");
  if (failed(requireElementType(tensor.elem_type(), subject, context, reporter,
                                port.elementType)))
    return failure();
  return tensor.has_shape() ? readDims(tensor.shape(), role, port) : success();
}

LogicalResult SignatureReader::bind(StringRef symbol, int64_t size,
                                    const Twine &origin) {
  auto [it, isNew] = bindings.try_emplace(symbol, size);
  if (!isNew && it->second != size)
    return reporter.usage(origin + ": dim " + quoted(symbol) + " is " +
                          Twine(size) + " here and " + Twine(it->second) +
                          " by another option");
  return success();
}

LogicalResult SignatureReader::applyShape(const ShapeOption &option) {
  std::string origin = "--shape " + escaped(option.input);
  SmallVector<StringRef> names;
  Port *port = nullptr;
  for (Port &candidate : signature.inputs) {
    names.push_back(candidate.name);
    if (candidate.name == option.input)
      port = &candidate;
  }
  if (!port)
    return reporter.usage("--shape: the model has no input " +
                          quoted(option.input) +
                          didYouMean(option.input, names));
  if (option.dims.size() > static_cast<size_t>(maxRank))
    return reporter.usage(origin + ": rank " + Twine(option.dims.size()) +
                          " exceeds the limit of " + Twine(maxRank));
  if (!port->ranked) {
    port->ranked = true;
    for (size_t i = 0; i < option.dims.size(); ++i)
      port->dims.push_back({{port->name + "_dim" + std::to_string(i)}, 0});
  }
  if (port->dims.size() != option.dims.size())
    return reporter.usage(origin + " gives " + Twine(option.dims.size()) +
                          " dims; the model declares " +
                          Twine(port->dims.size()));
  for (auto [dim, size] : zip_equal(port->dims, option.dims)) {
    if (size < 0)
      continue;
    if (dim.isStatic()) {
      if (dim.constant != size)
        return reporter.usage(origin + ": the model declares " +
                              Twine(dim.constant) + " where " + Twine(size) +
                              " is given");
    } else if (dim.symbols.size() == 1 && dim.constant == 0) {
      if (failed(bind(dim.symbols.front(), size, origin)))
        return failure();
    }
  }
  return success();
}

LogicalResult SignatureReader::applyDim(const DimOption &option) {
  std::string origin = "--dim " + escaped(option.name);
  if (!symbols.contains(option.name)) {
    SmallVector<StringRef> names;
    for (const auto &entry : symbols)
      names.push_back(entry.first());
    sort(names);
    return reporter.usage("--dim: the model has no dim " + quoted(option.name) +
                          didYouMean(option.name, names));
  }
  if (option.low < 0 || option.high < option.low ||
      (option.opt != 0 &&
       (option.opt < option.low || option.opt > option.high)))
    return reporter.usage(origin + ": not a range of sizes");
  if (option.low == option.high)
    return bind(option.name, option.low, origin);
  signature.ranges[option.name] = {option.low, option.high, option.opt};
  return success();
}

LogicalResult SignatureReader::substitute(Port &port, bool isInput) {
  for (Dim &dim : port.dims) {
    std::vector<std::string> rest;
    for (std::string &symbol : dim.symbols) {
      auto found = bindings.find(symbol);
      if (found == bindings.end()) {
        rest.push_back(std::move(symbol));
        continue;
      }
      std::optional<int64_t> sum = checkedAdd(dim.constant, found->second);
      if (!sum)
        return reporter.usage("the size of a dim of " + quoted(port.name) +
                              " overflows");
      dim.constant = *sum;
    }
    dim.symbols = std::move(rest);
  }
  if (!isInput)
    return success();
  for (const ShapeOption &option : options.shapes) {
    if (option.input != port.name)
      continue;
    for (auto [dim, size] : zip_equal(port.dims, option.dims)) {
      if (size < 0)
        continue;
      if (dim.isStatic() && dim.constant != size)
        return reporter.usage("--shape " + escaped(port.name) + ": " +
                              Twine(size) + " where other options make it " +
                              Twine(dim.constant));
      dim = {{}, size};
    }
  }
  SmallVector<int64_t> sizes;
  for (const Dim &dim : port.dims)
    if (dim.isStatic())
      sizes.push_back(dim.constant);
  uint64_t count = 0;
  if (!countElements(sizes, count) || count > uint64_t(INT64_MAX) / 8)
    return reporter.usage("the size of input " + quoted(port.name) +
                          " overflows");
  return success();
}

LogicalResult SignatureReader::read() {
  StringSet<> initializers;
  for (const pb::TensorProto &tensor : graph.initializer())
    initializers.insert(tensor.name());
  for (const pb::ValueInfoProto &value : graph.input()) {
    if (initializers.contains(value.name()))
      continue;
    Port port;
    if (failed(readPort(value, "input", port)))
      return failure();
    signature.inputs.push_back(std::move(port));
  }
  for (const pb::ValueInfoProto &value : graph.output()) {
    Port port;
    if (failed(readPort(value, "output", port)))
      return failure();
    signature.outputs.push_back(std::move(port));
  }
  for (const Port &port : signature.inputs)
    for (const Dim &dim : port.dims)
      symbols.insert(dim.symbols.begin(), dim.symbols.end());

  for (const ShapeOption &option : options.shapes)
    if (failed(applyShape(option)))
      return failure();
  for (const DimOption &option : options.dims)
    if (failed(applyDim(option)))
      return failure();
  for (Port &port : signature.inputs)
    if (failed(substitute(port, /*isInput=*/true)))
      return failure();
  for (Port &port : signature.outputs)
    if (failed(substitute(port, /*isInput=*/false)))
      return failure();
  for (auto it = signature.ranges.begin(); it != signature.ranges.end();) {
    auto bound = bindings.find(it->first);
    if (bound == bindings.end()) {
      ++it;
      continue;
    }
    if (bound->second < it->second[0] || bound->second > it->second[1])
      return reporter.usage("--dim " + escaped(it->first) + ": size " +
                            Twine(bound->second) + " lies outside the range");
    it = signature.ranges.erase(it);
  }
  return success();
}

LogicalResult readSignature(const pb::GraphProto &graph, MLIRContext *context,
                            Reporter &reporter, Signature &signature) {
  return SignatureReader(graph, context, reporter, signature).read();
}

} // namespace mlir::qopt::importer
