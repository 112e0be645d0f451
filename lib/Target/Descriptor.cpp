//===- Descriptor.cpp - the descriptor of a library, as LLVM IR -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constant data in the layout of include/qopt/Runtime/ModelABI.h.
//===----------------------------------------------------------------------===//

#include "qopt/Runtime/ModelABI.h"
#include "qopt/Target/ModelDescription.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Module.h"

#include <map>

using namespace mlir;
using namespace mlir::qopt;

namespace {

/// DLPack's type codes.
enum {
  DLInt = 0,
  DLUInt = 1,
  DLFloat = 2,
  DLBfloat = 4,
  DLBool = 6,
  DLFloat8_e4m3fn = 10,
  DLFloat8_e4m3fnuz = 11,
  DLFloat8_e5m2 = 12,
  DLFloat8_e5m2fnuz = 13,
  DLFloat8_e8m0fnu = 14,
  DLFloat4_e2m1fn = 17
};

class DescriptorBuilder {
public:
  DescriptorBuilder(llvm::Module &module, const ModelDescription &model)
      : module(module), model(model), context(module.getContext()),
        pointer(llvm::PointerType::getUnqual(context)),
        i8(llvm::Type::getInt8Ty(context)),
        i32(llvm::Type::getInt32Ty(context)),
        i64(llvm::Type::getInt64Ty(context)),
        dimType(llvm::StructType::get(
            context, {i64, i32, llvm::ArrayType::get(i32, 4), i32})),
        portType(llvm::StructType::get(
            context,
            {pointer, i8, i8, llvm::ArrayType::get(i8, 2), i32, pointer})) {}

  void build(llvm::ArrayRef<const TargetISA *> isas) {
    llvm::Constant *in = ports(model.inputs);
    llvm::Constant *out = ports(model.outputs);
    std::vector<llvm::Constant *> names, ranges, variants, taps, guards;
    bool anyRange = false;
    for (const std::string &symbol : symbols) {
      names.push_back(text(symbol));
      int64_t least = 0, largest = INT64_MAX;
      for (const ModelDescription::Range &range : model.ranges)
        if (range.symbol == symbol) {
          least = range.min;
          largest = range.max;
          anyRange = true;
        }
      ranges.push_back(
          llvm::ConstantArray::get(llvm::ArrayType::get(i64, 2),
                                   {number(i64, least), number(i64, largest)}));
    }
    for (const TargetISA *isa : isas)
      variants.push_back(llvm::ConstantStruct::getAnon(
          context, {text(isa->name), number(i64, isa->features),
                    entry("shapes", isa), entry("run", isa)}));
    for (const std::string &tap : model.taps)
      taps.push_back(text(tap));
    for (const std::string &guard : model.guards)
      guards.push_back(text(guard));
    llvm::Constant *null = llvm::ConstantPointerNull::get(pointer);
    llvm::Constant *descriptor = llvm::ConstantStruct::getAnon(
        context,
        {number(i32, QOPT_MODEL_ABI), text(makeSignature(model, isas)),
         number(i32, model.inputs.size()), number(i32, model.outputs.size()),
         in, out, number(i32, symbols.size()), table(names),
         anyRange ? table(ranges) : null, number(i32, variants.size()),
         table(variants), number(i32, taps.size()), table(taps),
         number(i32, guards.size()), table(guards)});
    auto *global = new llvm::GlobalVariable(
        module, descriptor->getType(), /*isConstant=*/true,
        llvm::GlobalValue::ExternalLinkage, descriptor,
        "qopt_model_descriptor");
    global->setVisibility(llvm::GlobalValue::HiddenVisibility);
  }

private:
  llvm::Constant *number(llvm::Type *type, uint64_t value) {
    return llvm::ConstantInt::get(type, value);
  }

  llvm::Constant *global(llvm::Constant *content) {
    auto *variable = new llvm::GlobalVariable(
        module, content->getType(), /*isConstant=*/true,
        llvm::GlobalValue::PrivateLinkage, content, "");
    return variable;
  }

  llvm::Constant *text(llvm::StringRef content) {
    llvm::Constant *&known = texts[content.str()];
    if (!known)
      known = global(llvm::ConstantDataArray::getString(context, content));
    return known;
  }

  /// A pointer to the elements, null when there are none.
  llvm::Constant *table(llvm::ArrayRef<llvm::Constant *> elements) {
    if (elements.empty())
      return llvm::ConstantPointerNull::get(pointer);
    return global(llvm::ConstantArray::get(
        llvm::ArrayType::get(elements.front()->getType(), elements.size()),
        elements));
  }

  llvm::Constant *entry(llvm::StringRef name, const TargetISA *isa) {
    auto *type = llvm::FunctionType::get(i32, {pointer, pointer}, false);
    auto *function =
        llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage,
                               name + "_" + isa->name, module);
    function->setVisibility(llvm::GlobalValue::HiddenVisibility);
    return function;
  }

  /// A symbol, or a sum of symbols and numbers; anything else is left
  /// unchecked.
  llvm::Constant *dim(const PortDescription::Dim &dim) {
    int64_t constant = dim.size;
    llvm::SmallVector<uint32_t, 4> used;
    if (dim.size < 0 && !dim.text.empty()) {
      constant = 0;
      llvm::SmallVector<llvm::StringRef> parts;
      llvm::StringRef(dim.text).split(parts, '+');
      for (llvm::StringRef part : parts) {
        part = part.trim();
        int64_t value;
        if (!part.getAsInteger(10, value)) {
          constant += value;
        } else if (used.size() < 4 && !part.empty() &&
                   part.find_first_of("*/()-% ") == llvm::StringRef::npos) {
          used.push_back(symbol(part));
        } else {
          constant = -1;
          used.clear();
          break;
        }
      }
    }
    std::vector<llvm::Constant *> indices(4, number(i32, 0));
    for (auto [i, index] : llvm::enumerate(used))
      indices[i] = number(i32, index);
    return llvm::ConstantStruct::get(
        dimType,
        {number(i64, constant), number(i32, used.size()),
         llvm::ConstantArray::get(llvm::ArrayType::get(i32, 4), indices),
         number(i32, 0)});
  }

  uint32_t symbol(llvm::StringRef name) {
    auto found = llvm::find(symbols, name);
    if (found != symbols.end())
      return found - symbols.begin();
    symbols.push_back(name.str());
    return symbols.size() - 1;
  }

  static uint8_t typeCode(Type type) {
    if (type.isInteger(1))
      return DLBool;
    if (type.isBF16())
      return DLBfloat;
    if (isa<Float8E4M3FNType>(type))
      return DLFloat8_e4m3fn;
    if (isa<Float8E4M3FNUZType>(type))
      return DLFloat8_e4m3fnuz;
    if (isa<Float8E5M2Type>(type))
      return DLFloat8_e5m2;
    if (isa<Float8E5M2FNUZType>(type))
      return DLFloat8_e5m2fnuz;
    if (isa<Float8E8M0FNUType>(type))
      return DLFloat8_e8m0fnu;
    if (isa<Float4E2M1FNType>(type))
      return DLFloat4_e2m1fn;
    if (isa<FloatType>(type))
      return DLFloat;
    return type.isUnsignedInteger() ? DLUInt : DLInt;
  }

  llvm::Constant *ports(const std::vector<PortDescription> &described) {
    std::vector<llvm::Constant *> result;
    for (const PortDescription &port : described) {
      std::vector<llvm::Constant *> dims;
      for (const PortDescription::Dim &size : port.dims)
        dims.push_back(dim(size));
      unsigned bits =
          port.element.isInteger(1) ? 8 : port.element.getIntOrFloatBitWidth();
      result.push_back(llvm::ConstantStruct::get(
          portType,
          {text(port.name), number(i8, typeCode(port.element)),
           number(i8, bits),
           llvm::ConstantArray::get(
               llvm::ArrayType::get(i8, 2),
               {number(i8, port.isCache ? QOPT_PORT_CACHE : 0), number(i8, 0)}),
           number(i32, port.dims.size()), table(dims)}));
    }
    return table(result);
  }

  llvm::Module &module;
  const ModelDescription &model;
  llvm::LLVMContext &context;
  llvm::PointerType *pointer;
  llvm::Type *i8, *i32, *i64;
  llvm::StructType *dimType, *portType;
  std::map<std::string, llvm::Constant *> texts;
  std::vector<std::string> symbols;
};

} // namespace

std::unique_ptr<llvm::Module>
mlir::qopt::makeDescriptorModule(const ModelDescription &model,
                                 llvm::ArrayRef<const TargetISA *> isas,
                                 llvm::LLVMContext &context) {
  auto module = std::make_unique<llvm::Module>("descriptor", context);
  module->setSourceFileName("model");
  DescriptorBuilder(*module, model).build(isas);
  return module;
}
