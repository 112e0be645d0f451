//===- ModelDescription.cpp - what a library says about itself ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Target/ModelDescription.h"
#include "qopt/Dialect/QOpt/IR/CacheAttrs.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Support/CacheNames.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace mlir::qopt;

static FailureOr<PortDescription> describePort(func::FuncOp main, Type type,
                                               DictionaryAttr attributes,
                                               StringRef what, unsigned index) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return main.emitError(what) << " " << index << " is no ranked tensor";
  if (tensor.getRank() > 8)
    return main.emitError(what)
           << " " << index << " has rank " << tensor.getRank()
           << "; the rule is at most 8";
  if (!tensor.getElementType().isIntOrFloat())
    return main.emitError(what) << " " << index << " has elements of type "
                                << tensor.getElementType();
  PortDescription port;
  auto name = attributes ? attributes.getAs<StringAttr>("onnx.name") : nullptr;
  port.name = name ? name.str() : (what + "_" + Twine(index)).str();
  port.element = tensor.getElementType();
  if (attributes)
    if (auto noted = attributes.getAs<TypeAttr>("qopt.element"))
      if (noted.getValue().isIntOrFloat())
        port.element = noted.getValue();
  auto dims = attributes ? attributes.getAs<ArrayAttr>("onnx.dims") : nullptr;
  for (auto [i, size] : llvm::enumerate(tensor.getShape())) {
    PortDescription::Dim dim;
    if (!ShapedType::isDynamic(size))
      dim.size = size;
    else if (dims && i < dims.size())
      if (auto text = dyn_cast<StringAttr>(dims[i]))
        dim.text = text.str();
    port.dims.push_back(std::move(dim));
  }
  return port;
}

void mlir::qopt::recordElementTypes(ModuleOp module) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return;
  for (auto [i, type] : llvm::enumerate(main.getArgumentTypes()))
    if (auto tensor = dyn_cast<TensorType>(type))
      main.setArgAttr(i, "qopt.element",
                      TypeAttr::get(tensor.getElementType()));
  for (auto [i, type] : llvm::enumerate(main.getResultTypes()))
    if (auto tensor = dyn_cast<TensorType>(type))
      main.setResultAttr(i, "qopt.element",
                         TypeAttr::get(tensor.getElementType()));
}

FailureOr<ModelDescription> mlir::qopt::describeModel(ModuleOp module) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return module.emitError("has no function @main");
  ModelDescription model;
  for (auto [i, type] : llvm::enumerate(main.getArgumentTypes())) {
    FailureOr<PortDescription> port =
        describePort(main, type, main.getArgAttrDict(i), "input", i);
    if (failed(port))
      return failure();
    port->isCache = bool(main.getArgAttr(i, kCacheAttrName));
    if (main.getArgAttr(i, kCacheLengthAttrName))
      model.cacheLength = port->name;
    model.inputs.push_back(std::move(*port));
  }
  for (auto [i, type] : llvm::enumerate(main.getResultTypes())) {
    FailureOr<PortDescription> port =
        describePort(main, type, main.getResultAttrDict(i), "output", i);
    if (failed(port))
      return failure();
    // What became of a cache lies where the cache does: no output.
    if (auto input = main.getResultAttrOfType<IntegerAttr>(i, kCacheAttrName)) {
      auto axis =
          main.getArgAttrOfType<IntegerAttr>(input.getInt(), kCacheAttrName);
      model.caches.push_back(
          {static_cast<unsigned>(input.getInt()), port->name, axis.getInt()});
      continue;
    }
    model.outputs.push_back(std::move(*port));
  }
  if (auto hash = module->getAttrOfType<StringAttr>("onnx.source_sha256"))
    model.sourceSha256 = hash.str();
  module.walk([&](GuardOp op) {
    if (op.getIndex() && *op.getIndex() >= model.guards.size())
      model.guards.resize(*op.getIndex() + 1);
    if (op.getIndex())
      model.guards[*op.getIndex()] = op.getName().str();
  });
  LogicalResult taps = success();
  module.walk([&](ObserveOp op) {
    if (op.getTap() > 1000000) {
      taps = op.emitOpError("has an impossible tap number");
      return;
    }
    if (model.taps.size() <= op.getTap())
      model.taps.resize(op.getTap() + 1);
    model.taps[op.getTap()] = op.getName().str();
  });
  if (failed(taps))
    return failure();
  return model;
}

static std::string dtypeName(Type type) {
  if (type.isInteger(1))
    return "bool";
  if (type.isBF16())
    return "bfloat16";
  if (isa<Float8E4M3FNType>(type))
    return "float8_e4m3fn";
  if (isa<Float8E4M3FNUZType>(type))
    return "float8_e4m3fnuz";
  if (isa<Float8E5M2Type>(type))
    return "float8_e5m2";
  if (isa<Float8E5M2FNUZType>(type))
    return "float8_e5m2fnuz";
  if (isa<Float8E8M0FNUType>(type))
    return "float8_e8m0fnu";
  if (isa<Float4E2M1FNType>(type))
    return "float4_e2m1fn";
  std::string width = std::to_string(type.getIntOrFloatBitWidth());
  if (isa<FloatType>(type))
    return "float" + width;
  return (type.isUnsignedInteger() ? "uint" : "int") + width;
}

static llvm::json::Value dimJson(const PortDescription::Dim &dim) {
  if (dim.size >= 0)
    return dim.size;
  if (dim.text.empty())
    return nullptr;
  return dim.text;
}

static llvm::json::Array portsJson(const std::vector<PortDescription> &ports,
                                   const ModelDescription &model,
                                   bool withRange) {
  llvm::json::Array array;
  for (const PortDescription &port : ports) {
    llvm::json::Array shape;
    llvm::json::Object range;
    for (const PortDescription::Dim &dim : port.dims) {
      shape.push_back(dimJson(dim));
      for (const ModelDescription::Range &known : model.ranges)
        if (withRange && !dim.text.empty() && known.symbol == dim.text)
          range[known.symbol] = llvm::json::Array{known.min, known.max};
    }
    llvm::json::Object object{{"name", port.name},
                              {"dtype", dtypeName(port.element)},
                              {"shape", std::move(shape)}};
    if (!range.empty())
      object["range"] = std::move(range);
    array.push_back(std::move(object));
  }
  return array;
}

/// The axis along which a cache grows: the one whose expressions differ. Names
/// of other dims may differ too (batch and batch_size); then the one that says
/// how, as a sum.
static std::optional<int64_t> growingAxis(const PortDescription &past,
                                          const PortDescription &present) {
  SmallVector<int64_t> candidates;
  for (size_t i = 0; i < past.dims.size(); ++i)
    if (past.dims[i].size < 0 && past.dims[i].text != present.dims[i].text)
      candidates.push_back(i);
  if (candidates.size() > 1)
    llvm::erase_if(candidates, [&](int64_t i) {
      return !StringRef(present.dims[i].text).contains('+');
    });
  if (candidates.size() != 1)
    return std::nullopt;
  return candidates.front();
}

/// Key and value caches, by the names that exporters give them. A past without
/// a present is an input like others.
static llvm::json::Array cachePairs(const ModelDescription &model) {
  llvm::json::Array pairs;
  for (const PortDescription &past : model.inputs) {
    std::string cache = cacheOfPast(past.name);
    if (cache.empty())
      continue;
    for (const PortDescription &present : model.outputs) {
      if (cacheOfPresent(present.name) != cache ||
          present.dims.size() != past.dims.size() ||
          present.element != past.element)
        continue;
      llvm::json::Object pair{{"past", past.name}, {"present", present.name}};
      if (std::optional<int64_t> axis = growingAxis(past, present))
        pair["axis"] = *axis;
      pairs.push_back(std::move(pair));
      break;
    }
  }
  for (const ModelDescription::InplaceCache &cache : model.caches)
    pairs.push_back(llvm::json::Object{{"past", model.inputs[cache.input].name},
                                       {"present", cache.present},
                                       {"axis", cache.axis},
                                       {"inplace", true}});
  return pairs;
}

std::string mlir::qopt::makeSignature(const ModelDescription &model,
                                      llvm::ArrayRef<const TargetISA *> isas) {
  llvm::json::Array names;
  for (const TargetISA *isa : llvm::reverse(isas))
    names.push_back(isa->name);
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::json::OStream json(stream);
  json.object([&] {
    json.attribute("abi", 1);
    json.attribute("inputs", portsJson(model.inputs, model, true));
    json.attribute("outputs", portsJson(model.outputs, model, false));
    llvm::json::Array pairs = cachePairs(model);
    if (!pairs.empty())
      json.attribute("kv", std::move(pairs));
    if (!model.cacheLength.empty())
      json.attribute("kv_length", model.cacheLength);
    json.attribute("isa", std::move(names));
    json.attribute("quant", model.quant);
    json.attribute("source_sha256", model.sourceSha256);
    json.attribute("weights", "embedded");
  });
  return text;
}
