//===- Signature.cpp - the JSON that a model.so carries ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/Signature.h"

#include "qopt/Support/InvalidData.h"
#include "qopt/Support/Names.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace mlir::qopt {

static Error invalid(const Twine &message) {
  return invalidData("the signature of the library is damaged: " + message);
}

std::string SignatureDim::str() const {
  if (size >= 0)
    return itostr(size);
  return text.empty() ? "?" : text;
}

/// Terms of "a + b + 2", or nothing if the text is no such sum.
static SmallVector<StringRef, 4> sumTerms(StringRef text) {
  SmallVector<StringRef, 4> terms;
  if (text.empty())
    return terms;
  text.split(terms, '+');
  for (StringRef &term : terms) {
    term = term.trim();
    bool plain = !term.empty() && llvm::all_of(term, [](char c) {
      return isAlnum(c) || c == '_' || c == '.' || c == ':';
    });
    if (!plain)
      return {};
  }
  return terms;
}

std::vector<std::string> SignatureDim::symbols() const {
  std::vector<std::string> result;
  for (StringRef term : sumTerms(text))
    if (!isDigit(term[0]))
      result.push_back(term.str());
  return result;
}

std::optional<int64_t>
SignatureDim::evaluate(const DimBindings &bindings) const {
  if (size >= 0)
    return size;
  if (auto whole = bindings.find(text); whole != bindings.end())
    return whole->second;
  SmallVector<StringRef, 4> terms = sumTerms(text);
  if (terms.empty())
    return std::nullopt;
  int64_t total = 0;
  for (StringRef term : terms) {
    int64_t value;
    if (term.getAsInteger(10, value)) {
      auto it = bindings.find(term.str());
      if (it == bindings.end())
        return std::nullopt;
      value = it->second;
    }
    total += value;
  }
  return total;
}

std::string SignaturePort::str() const {
  std::string result = dtype + "[";
  for (size_t i = 0; i < shape.size(); ++i)
    result += (i ? ", " : "") + shape[i].str();
  return result + "]";
}

static Error parsePort(const json::Value &value, SignaturePort &port) {
  const json::Object *object = value.getAsObject();
  if (!object)
    return invalid("a port is no object");
  std::optional<StringRef> name = object->getString("name");
  std::optional<StringRef> dtype = object->getString("dtype");
  const json::Array *shape = object->getArray("shape");
  if (!name || !dtype || !shape)
    return invalid("a port lacks its name, dtype or shape");
  port.name = name->str();
  port.dtype = dtype->str();
  for (const json::Value &entry : *shape) {
    SignatureDim dim;
    if (std::optional<int64_t> size = entry.getAsInteger())
      dim.size = *size;
    else if (std::optional<StringRef> text = entry.getAsString())
      dim.text = text->str();
    else if (entry.kind() != json::Value::Null)
      return invalid("a dim of " + quoteName(port.name) + " is no dim");
    port.shape.push_back(std::move(dim));
  }
  return Error::success();
}

static Error parsePorts(const json::Object &root, StringRef key,
                        std::vector<SignaturePort> &ports) {
  const json::Array *array = root.getArray(key);
  if (!array)
    return invalid("it has no " + key);
  for (const json::Value &value : *array) {
    ports.emplace_back();
    if (Error error = parsePort(value, ports.back()))
      return error;
  }
  return Error::success();
}

Expected<Signature> parseSignature(StringRef text) {
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return invalid(toString(value.takeError()));
  json::Object *root = value->getAsObject();
  if (!root)
    return invalid("it is no object");
  Signature signature;
  if (Error error = parsePorts(*root, "inputs", signature.inputs))
    return std::move(error);
  if (Error error = parsePorts(*root, "outputs", signature.outputs))
    return std::move(error);
  if (const json::Array *isa = root->getArray("isa"))
    for (const json::Value &name : *isa)
      signature.isa.push_back(name.getAsString().value_or("").str());
  signature.quant = root->getString("quant").value_or("").str();
  signature.sourceSha256 = root->getString("source_sha256").value_or("").str();
  signature.json = std::move(*root);
  return std::move(signature);
}

} // namespace mlir::qopt
