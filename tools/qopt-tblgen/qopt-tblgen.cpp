//===- qopt-tblgen.cpp - what the op definitions say to users -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tool of the build: writes one row of C++ per op with the element types of
// its operands and the paragraph "Limits:" of its description, so that
// `qopt --list-ops` and the verifiers cannot say different things.
//===----------------------------------------------------------------------===//

#include "mlir/TableGen/Operator.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/TableGen/Main.h"
#include "llvm/TableGen/Record.h"
#include <regex>

using namespace llvm;

/// "tensor of 1-bit signless integer values or none" as "bool".
static std::string elementTypes(StringRef summary) {
  std::string text = summary.str();
  static const std::pair<std::regex, const char *> rewrites[] = {
      {std::regex("^variadic of "), ""},
      {std::regex("(statically shaped |ranked |unranked |[0-9]D )*tensor of "),
       ""},
      {std::regex(" values?( or none)?"), ""},
      {std::regex("\\b1-bit signless integer"), "bool"},
      {std::regex("([0-9]+)-bit signless integer"), "int$1"},
      {std::regex("([0-9]+)-bit unsigned integer"), "uint$1"},
      {std::regex("([0-9]+)-bit float"), "float$1"},
      {std::regex("bfloat16 type"), "bfloat16"},
      {std::regex("floating-point"), "float"},
      {std::regex("any type"), "any"},
      {std::regex(" or "), ", "}};
  for (const auto &[pattern, replacement] : rewrites)
    text = std::regex_replace(text, pattern, replacement);
  return text;
}

/// `any`, or per group of operands: `x, y: float; indices: int32, int64`.
static std::string typesOf(const mlir::tblgen::Operator &op) {
  // Types and the operands that have them.
  std::vector<std::pair<std::string, std::string>> groups;
  auto add = [&](const mlir::tblgen::NamedTypeConstraint &value) {
    std::string types = elementTypes(value.constraint.getSummary());
    auto group = find_if(groups, [&](auto &g) { return g.first == types; });
    if (group == groups.end())
      groups.emplace_back(types, value.name.str());
    else
      group->second += ", " + value.name.str();
  };
  for (const mlir::tblgen::NamedTypeConstraint &operand : op.getOperands())
    add(operand);
  if (groups.empty())
    for (const mlir::tblgen::NamedTypeConstraint &result : op.getResults())
      add(result);
  if (groups.size() == 1)
    return groups.front().first;
  std::string text;
  for (const auto &[types, names] : groups)
    text += (text.empty() ? "" : "; ") + names + ": " + types;
  return text;
}

/// The paragraph that starts with "Limits:", on one line.
static std::string limitsOf(const mlir::tblgen::Operator &op) {
  if (!op.hasDescription())
    return "";
  SmallVector<StringRef> lines;
  op.getDescription().split(lines, '\n');
  std::string text;
  bool inside = false;
  for (StringRef line : lines) {
    line = line.trim();
    bool starts = line.consume_front("Limits:");
    inside = starts || (inside && !line.empty());
    if (inside && !line.trim().empty())
      text += (text.empty() ? "" : " ") + line.trim().str();
  }
  return text;
}

static bool writeRows(raw_ostream &os, const RecordKeeper &records) {
  os << "// Written by qopt-tblgen: {name, element types, limits}.\n";
  for (const Record *record : records.getAllDerivedDefinitions("Op")) {
    mlir::tblgen::Operator op(record);
    os << "{\"" << op.getOperationName() << "\", \"";
    printEscapedString(typesOf(op), os);
    os << "\", \"";
    printEscapedString(limitsOf(op), os);
    os << "\"},\n";
  }
  return false;
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "Op reference of qopt\n");
  return TableGenMain(argv[0], writeRows);
}
