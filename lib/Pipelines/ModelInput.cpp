//===- ModelInput.cpp - the files that a compile starts from --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the importer makes sure of, this has to check in a module that anybody
// may have edited: later stages rely on it without looking.
//===----------------------------------------------------------------------===//

#include "qopt/Pipelines/ModelInput.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Parser/Parser.h"
#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"
#include "qopt/Support/Names.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/SourceMgr.h"

using namespace llvm;

namespace mlir::qopt {

namespace {
/// Checks one module; the text of the first fault, or empty.
class ModuleCheck {
public:
  explicit ModuleCheck(ModuleOp module) : module(module) {}

  std::string run() {
    auto main = module.lookupSymbol<func::FuncOp>("main");
    if (!main || main.isExternal() || !llvm::hasSingleElement(main.getBody()))
      return "no function @main of one block";
    if (!llvm::hasSingleElement(module.getBody()->getOperations()))
      return "other operations beside @main";
    if (main.getNumResults() == 0)
      return "@main returns nothing";
    StringSet<> inputs, outputs;
    for (unsigned i = 0; i < main.getNumArguments(); ++i)
      if (!isPort(main.getArgument(i).getType(), main.getArgAttrDict(i),
                  inputs))
        return ("input " + Twine(i) + rule).str();
    for (unsigned i = 0; i < main.getNumResults(); ++i)
      if (!isPort(main.getResultTypes()[i], main.getResultAttrDict(i), outputs))
        return ("output " + Twine(i) + rule).str();
    main.walk([&](Operation *op) { checkOperation(op); });
    return fault;
  }

private:
  static constexpr const char *rule =
      " has to be a tensor with a name of its own in onnx.name, and with a "
      "number or a text per dim in onnx.dims";

  static bool isPort(Type type, DictionaryAttr attributes, StringSet<> &names) {
    auto tensor = dyn_cast<TensorType>(type);
    auto name =
        attributes ? attributes.getAs<StringAttr>("onnx.name") : StringAttr();
    if (!tensor || !tensor.getElementType().isIntOrFloat() || !name ||
        name.empty() || !json::isUTF8(name) || !names.insert(name).second)
      return false;
    Attribute dims = attributes.get("onnx.dims");
    if (!dims)
      return true;
    auto list = dyn_cast<ArrayAttr>(dims);
    return list && tensor.hasRank() &&
           static_cast<int64_t>(list.size()) == tensor.getRank() &&
           llvm::all_of(list, [](Attribute dim) {
             return isa<StringAttr, IntegerAttr>(dim);
           });
  }

  void checkOperation(Operation *op) {
    StringRef dialect = op->getName().getDialectNamespace();
    if (fault.empty() && dialect != "onnx" && dialect != "func")
      fault = ("operation " + op->getName().getStringRef() +
               " is none of the onnx dialect")
                  .str();
    for (NamedAttribute attribute : op->getAttrs())
      if (auto blob = dyn_cast<DenseResourceElementsAttr>(attribute.getValue()))
        checkBlob(blob);
  }

  /// Blobs have one byte at least per element, and no verifier of their size.
  void checkBlob(DenseResourceElementsAttr blob) {
    if (!fault.empty())
      return;
    ShapedType type = blob.getType();
    std::string key = quoteName(blob.getRawHandle().getKey());
    AsmResourceBlob *bytes = blob.getRawHandle().getBlob();
    if (!bytes)
      fault = "resource " + key + " has no bytes in this file";
    else if (!type.hasStaticShape() || !type.getElementType().isIntOrFloat() ||
             SaturatingMultiply<uint64_t>(
                 elements(type), divideCeil(type.getElementTypeBitWidth(),
                                            8)) != bytes->getData().size())
      fault = "resource " + key + " has " +
              std::to_string(bytes->getData().size()) +
              " bytes, which is not what its type needs";
  }

  static uint64_t elements(ShapedType type) {
    uint64_t count = 1;
    for (int64_t dim : type.getShape())
      count = SaturatingMultiply<uint64_t>(count, dim);
    return count;
  }

  ModuleOp module;
  std::string fault;
};

OwningOpRef<ModuleOp> readModule(StringRef path, MLIRContext &context,
                                 const ImportOptions &options,
                                 ImportError &error) {
  auto fail = [&](ExitCode status, const Twine &text) {
    error = {status, (path + ": " + text).str()};
    return OwningOpRef<ModuleOp>();
  };
  if (!options.shapes.empty() || !options.dims.empty())
    return fail(ExitUsage, "--shape and --dim need an ONNX file");
  ErrorOr<std::unique_ptr<MemoryBuffer>> file =
      MemoryBuffer::getFile(path, /*IsText=*/false,
                            /*RequiresNullTerminator=*/true);
  if (!file)
    return fail(ExitIO, file.getError().message());
  context.loadDialect<onnx::ONNXDialect, func::FuncDialect>();
  // The first complaint of parser and verifier, with its place.
  std::string complaint;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error ||
        !complaint.empty())
      return success();
    if (auto place = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
      complaint = ("line " + Twine(place.getLine()) + ": ").str();
    complaint += diagnostic.str();
    return success();
  });
  SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(*file), SMLoc());
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(
      sources, ParserConfig(&context, /*verifyAfterParse=*/true));
  if (!module)
    return fail(ExitInvalid,
                complaint.empty() ? "is no MLIR module" : complaint);
  if (std::string fault = ModuleCheck(*module).run(); !fault.empty())
    return fail(ExitInvalid, fault);
  return module;
}
} // namespace

OwningOpRef<ModuleOp> readModel(StringRef path, MLIRContext &context,
                                const ImportOptions &options,
                                ImportError &error) {
  return path.ends_with(".mlir") ? readModule(path, context, options, error)
                                 : importModel(path, context, options, error);
}

} // namespace mlir::qopt
