//===- Opset.cpp - lookup in the operator tables --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tables of all families as one, by the name with its domain. ONNX's own
// version converter is not used.
//===----------------------------------------------------------------------===//

#include "Opset.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace llvm;

namespace mlir::qopt::importer {

namespace {
/// The rows of each operator, oldest first.
using Table = StringMap<SmallVector<const OpForm *, 2>>;

const Table &table() {
  static const Table built = [] {
    Table rows;
    for (ArrayRef<OpForm> family :
         {contribForms(), controlFlowForms(), elementwiseForms(), mathForms(),
          quantizedForms(), spatialForms(), tensorForms()})
      for (const OpForm &row : family)
        rows[row.op].push_back(&row);
    return rows;
  }();
  return built;
}

ArrayRef<const OpForm *> rowsOf(StringRef op) {
  auto found = table().find(op);
  return found == table().end() ? ArrayRef<const OpForm *>() : found->second;
}
} // namespace

StringRef OpForm::opName() const {
  StringRef name = op;
  return name.substr(name.rfind('.') + 1);
}

std::string qualifiedName(StringRef domain, StringRef op) {
  return domain.empty() ? op.str() : (domain + "." + op).str();
}

const OpForm *findForm(StringRef op, int64_t version) {
  const OpForm *found = nullptr;
  for (const OpForm *row : rowsOf(op))
    if (row->since <= version)
      found = row;
  return found;
}

bool isSupported(const OpForm &form, MLIRContext *context) {
  return form.decode || RegisteredOperationName::lookup(
                            ("onnx." + form.opName()).str(), context)
                            .has_value();
}

StringRef attributeKind(const OpForm &form, StringRef name, int64_t *since) {
  StringRef rest = form.attributes;
  while (!rest.empty()) {
    auto [entry, tail] = rest.split(' ');
    auto [known, text] = entry.split(':');
    auto [kind, version] = text.split('@');
    if (known == name) {
      if (since && version.getAsInteger(10, *since))
        *since = 0;
      return kind;
    }
    rest = tail;
  }
  return {};
}

void forEachAttribute(const OpForm &form,
                      function_ref<void(StringRef, StringRef)> visit) {
  SmallVector<StringRef> entries;
  StringRef(form.attributes).split(entries, ' ', -1, /*KeepEmpty=*/false);
  for (StringRef entry : entries) {
    auto [name, text] = entry.split(':');
    visit(name, text.split('@').first);
  }
}

int64_t firstVersion(StringRef op) {
  ArrayRef<const OpForm *> rows = rowsOf(op);
  return rows.empty() ? 0 : rows.front()->since;
}

std::vector<StringRef> knownOps() {
  std::vector<StringRef> names(table().keys().begin(), table().keys().end());
  llvm::sort(names);
  return names;
}

} // namespace mlir::qopt::importer
