//===- OptionValues.cpp - values of flags that have a grammar -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "OptionValues.h"

#include "qopt/Dialect/ONNX/Transforms/LiftNames.h"
#include "qopt/Support/DidYouMean.h"
#include "qopt/Support/Names.h"
#include "qopt/Target/TargetISA.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace mlir::qopt {

bool usageError(const Twine &message) {
  errs() << "error: " << message << "\n";
  return false;
}

bool parseShape(StringRef text, std::vector<InputShape> &shapes) {
  auto [name, sizes] = text.rsplit(':');
  InputShape shape{name.str(), {}};
  SmallVector<StringRef> parts;
  sizes.split(parts, 'x');
  bool valid = !name.empty() && name.size() != text.size();
  for (StringRef part : parts) {
    int64_t dim;
    if (sizes == "scalar" && parts.size() == 1)
      break;
    valid &= !part.getAsInteger(10, dim) && dim >= 0;
    if (valid)
      shape.dims.push_back(dim);
  }
  if (!valid)
    return usageError("--shape " + text +
                      ": expected NAME:1x128 (NAME:scalar for rank 0)");
  shapes.push_back(std::move(shape));
  return true;
}

bool parseDim(StringRef text, std::vector<DimRange> &dims) {
  StringRef rest = text;
  DimRange range;
  bool valid = true;
  if (auto [left, opt] = rest.rsplit(",opt="); left.size() != rest.size()) {
    valid &= !opt.getAsInteger(10, range.opt) && range.opt > 0;
    rest = left;
  }
  auto [name, sizes] = rest.rsplit('=');
  valid &= !name.empty() && name.size() != rest.size();
  auto [low, high] = sizes.split("..");
  valid &= !low.getAsInteger(10, range.min) && range.min >= 0;
  if (low.size() == sizes.size())
    range.max = range.min;
  else
    valid &= !high.getAsInteger(10, range.max) && range.max >= range.min;
  valid &= !range.opt || (range.min <= range.opt && range.opt <= range.max);
  if (!valid)
    return usageError("--dim " + text +
                      ": expected NAME=128 or NAME=1..2048[,opt=128]");
  range.symbol = name.str();
  dims.push_back(std::move(range));
  return true;
}

bool parseRule(StringRef text, bool keep, std::vector<LayerRule> &rules) {
  auto [pattern, scheme] = text.rsplit('=');
  if (keep && scheme != "f16" && scheme != "f32") {
    pattern = text;
    scheme = "";
  }
  StringRef flag = keep ? "--keep " : "--quantize ";
  if (pattern.empty() || (!keep && scheme.empty()))
    return usageError(
        flag + text +
        (keep ? ": expected REGEX[=f16|f32]" : ": expected REGEX=SCHEME"));
  std::string reason;
  if (!Regex(pattern).isValid(reason))
    return usageError(flag + text + ": invalid regular expression: " + reason);
  rules.push_back({pattern.str(), scheme.str(), keep});
  return true;
}

bool checkISAs(StringRef triple, ArrayRef<std::string> names) {
  const TargetMachineSpec *machine = findTargetMachine(triple);
  if (!machine)
    return usageError("--mtriple: unknown machine " + quoteName(triple) +
                      " (known: " + listTargetMachines() + ")");
  SmallVector<StringRef> known;
  for (const TargetISA &isa : machine->isas)
    known.push_back(isa.name);
  for (const std::string &name : names) {
    if (is_contained(known, name))
      continue;
    if (const TargetISA *foreign = findTargetISA(name))
      return usageError("--isa: " + quoteName(name) +
                        " is an instruction set of " + foreign->triple +
                        "; add --mtriple=" + foreign->triple);
    return usageError("--isa: unknown instruction set " + quoteName(name) +
                      didYouMean(name, known) +
                      " (known: " + join(known, ", ") + ")");
  }
  return true;
}

bool checkLiftNames(ArrayRef<std::string> names) {
  ArrayRef<StringRef> known = onnx::getLiftNames();
  for (const std::string &name : names)
    if (!is_contained(known, name))
      return usageError("--no-lift: unknown name " + quoteName(name) +
                        didYouMean(name, known) +
                        " (known: " + join(known, ", ") + ")");
  return true;
}

bool parseBytes(StringRef text, uint64_t &bytes) {
  unsigned shift = 0;
  StringRef number = text;
  if (!number.consume_back_insensitive("iB"))
    number.consume_back("B");
  if (number.consume_back_insensitive("K"))
    shift = 10;
  else if (number.consume_back_insensitive("M"))
    shift = 20;
  else if (number.consume_back_insensitive("G"))
    shift = 30;
  else if (number.consume_back_insensitive("T"))
    shift = 40;
  if (number.getAsInteger(10, bytes) || bytes > (UINT64_MAX >> shift))
    return usageError("--memory-limit=" + text + ": expected a size like 2G");
  bytes <<= shift;
  return true;
}

} // namespace mlir::qopt
