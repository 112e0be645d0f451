//===- Lowering.h - state and helpers of convert-onnx-to-linalg -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A graph is one block of pure operations, and the shape analysis answers for
// its values. So the conversion is one walk that writes a second block: no
// pattern driver, since replacing values as it goes would pull them from under
// the analysis, and all operations that cannot be converted are wanted at once.
//
// "Graph value" names a value of the old block, "tensor" one of the new block.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_LOWERING_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_LOWERING_H

#include "Caches.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "qopt/Dialect/ONNX/Analysis/DimMaterializer.h"
#include "qopt/Dialect/ONNX/Analysis/ShapeAnalysis.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

namespace mlir::qopt {

/// Body of a linalg.generic: block arguments to yielded values.
using Body =
    llvm::function_ref<SmallVector<Value>(ImplicitLocOpBuilder &, ValueRange)>;
/// Body with one result.
using Body1 = llvm::function_ref<Value(ImplicitLocOpBuilder &, ValueRange)>;

class Lowering {
public:
  Lowering(func::FuncOp function, onnx::ShapeAnalysis &shapes,
           bool unsafeIndices);

  /// Converts the whole function. Emits a diagnostic per operation that cannot
  /// be converted.
  LogicalResult run();

  //===--- The node at hand
  //------------------------------------------------===//
  ImplicitLocOpBuilder b;
  onnx::ShapeAnalysis &shapes;
  /// Leave out the checks of index tensors.
  const bool unsafeIndices;
  Caches caches;

  /// Reports that the node cannot be converted and why.
  LogicalResult fail(const Twine &reason);
  /// Makes `op` the node at hand, for what is done before its turn.
  void at(Operation *op) { node = op; }
  /// Name of the node, for messages to the user.
  std::string nodeName();
  /// `qopt.require` with a message that starts with the name of the node.
  void require(Value condition, const Twine &message, ValueRange arguments);

  /// Converts an inner graph at the insertion point. `enter` gives values to
  /// its arguments, `leave` reads those that it yields. Behind it nothing is
  /// known of what stands inside.
  LogicalResult lowerInner(Block &graph, function_ref<void()> enter,
                           function_ref<LogicalResult()> leave);

  //===--- Values
  //----------------------------------------------------------===//
  /// Type of the tensor that stands for a graph value.
  RankedTensorType typeOf(Value graph);
  /// Element type that keeps the signedness.
  Type elementOf(Value graph) {
    return cast<ShapedType>(graph.getType()).getElementType();
  }
  int64_t rankOf(Value graph) { return typeOf(graph).getRank(); }
  /// Tensor that stands for a graph value.
  Value get(Value graph);
  /// Whether an optional operand is there.
  bool present(Value graph) { return !isa<NoneType>(graph.getType()); }
  /// Makes `tensor` stand for a graph value, cast to its type.
  void set(Value graph, Value tensor);
  /// `tensor` with another static information in its type.
  Value castTo(Value tensor, RankedTensorType type);

  //===--- Dims
  //------------------------------------------------------------===//
  const onnx::DimExpr &expr(Value graph, unsigned i) {
    return shapes.getShape(graph)[i];
  }
  /// Whether the analysis knows the dim of a result of the node only as "that
  /// dim": the node has to compute it and say `setDim`.
  bool isOwnDim(Value result, unsigned i);
  void setDim(Value result, unsigned i, Value index);
  OpFoldResult dim(Value graph, unsigned i);
  Value dimValue(Value graph, unsigned i) { return value(dim(graph, i)); }
  SmallVector<OpFoldResult> dims(Value graph);
  OpFoldResult materialize(const onnx::DimExpr &expr);
  /// Product of some dims, as an index.
  OpFoldResult product(Value graph, ArrayRef<int64_t> axes);
  /// Requires that two dims are equal, unless that is proved. Fails when they
  /// are known to differ.
  LogicalResult requireEqual(Value a, unsigned i, Value b, unsigned j,
                             StringRef what);

  //===--- Small integer tensors as scalars
  //--------------------------------===//
  /// Whether a graph value is a static integer tensor of at most 64 elements.
  bool isSmallInt(Value graph);
  /// The elements, if they are known without reading a tensor.
  std::optional<SmallVector<Value>> knownElements(Value graph);
  /// The elements as values of type index; reads the tensor if need be. With
  /// `count` that many are required, at run time where the length is dynamic.
  FailureOr<SmallVector<OpFoldResult>>
  indexElements(Value graph, std::optional<int64_t> count = std::nullopt);
  void setElements(Value graph, ArrayRef<Value> scalars);
  /// The element of a tensor with one element.
  FailureOr<Value> scalarOf(Value graph);
  /// The elements, if they are known at compile time.
  std::optional<SmallVector<int64_t>> constantInts(Value graph);

  //===--- Constants
  //-------------------------------------------------------===//
  /// Value of the constant that a graph value is, or null.
  ElementsAttr constantOf(Value graph);
  /// As constantOf, but looks through a Cast from f16 to f32: the value is the
  /// f16 constant.
  ElementsAttr storedConstantOf(Value graph);
  /// A tensor in the weights section.
  Value weight(ElementsAttr value);
  /// A constant tensor: arith.constant, a fill or a weight, by its size.
  Value constantTensor(ElementsAttr value);
  Value index(int64_t number);
  Value value(OpFoldResult number);
  /// A constant of a signless integer or float type.
  Value number(Type type, double number);

  //===--- Tensors
  //---------------------------------------------------------===//
  Value empty(ArrayRef<OpFoldResult> dims, Type element);
  /// An empty tensor for a result.
  Value emptyFor(Value graph) {
    return empty(dims(graph), typeOf(graph).getElementType());
  }
  Value filled(ArrayRef<OpFoldResult> dims, Value scalar);
  /// `tensor` with what is static in `sizes`, and only that, static in its
  /// type.
  Value fitTo(Value tensor, ArrayRef<OpFoldResult> sizes);
  /// An all-parallel linalg.generic over `dims` with one result.
  Value parallel(ArrayRef<OpFoldResult> dims, Type element, ValueRange inputs,
                 ArrayRef<AffineMap> maps, Body1 body);
  /// Any linalg.generic; `maps` covers inputs and inits.
  SmallVector<Value> generic(ValueRange inputs, ValueRange inits,
                             ArrayRef<AffineMap> maps,
                             ArrayRef<utils::IteratorType> iterators,
                             Body body);
  Value read(Value tensor, ValueRange indices) {
    return tensor::ExtractOp::create(b, tensor, indices);
  }
  /// A copy with other order of the dims: dim i of the result is dim perm[i].
  Value transpose(Value tensor, ArrayRef<OpFoldResult> dims,
                  ArrayRef<int64_t> permutation);

  /// Nested sequential loops over `sizes` that carry a tensor; `body` gets the
  /// indices and the tensor and gives the next one.
  Value loopNest(ArrayRef<Value> sizes, Value tensor,
                 function_ref<Value(ArrayRef<Value>, Value)> body);

  //===--- Index arithmetic
  //------------------------------------------------===//
  Value compare(arith::CmpIPredicate predicate, Value a, Value c) {
    return arith::CmpIOp::create(b, predicate, a, c);
  }
  Value select(Value condition, Value a, Value c) {
    return arith::SelectOp::create(b, condition, a, c);
  }
  Value add(Value a, Value c) { return b.createOrFold<arith::AddIOp>(a, c); }
  Value subtract(Value a, Value c) {
    return b.createOrFold<arith::SubIOp>(a, c);
  }
  Value minimum(Value a, Value c) {
    return b.createOrFold<arith::MinSIOp>(a, c);
  }
  Value maximum(Value a, Value c) {
    return b.createOrFold<arith::MaxSIOp>(a, c);
  }

  //===--- What families remember
  //-------------------------------------------===//
  /// Smallest and largest element of index tensors that were checked.
  DenseMap<Value, std::pair<Value, Value>> ranges;
  /// The form in which kernels take a graph value (padded codes, the mask of a
  /// split, all column numbers), where it differs from the graph's.
  DenseMap<Value, Value> kernelForms;

private:
  void lowerNode(Operation *op);
  bool computedByAnalysis(Value result);
  Value ownDim(onnx::DimSymbol symbol);
  void eraseUnused(Block &block);

  func::FuncOp function;
  onnx::DimMaterializer materializer;
  Operation *node = nullptr;
  unsigned failures = 0;
  DenseMap<Value, Value> tensors;
  DenseMap<std::pair<Value, unsigned>, Value> ownDims;
  DenseMap<Value, SmallVector<Value>> scalars;
};

//===----------------------------------------------------------------------===//
// Registry
//===----------------------------------------------------------------------===//

using LowerFn = std::function<LogicalResult(Operation *, Lowering &)>;

class Registry {
public:
  template <typename OpTy> void add(LogicalResult (*lower)(OpTy, Lowering &)) {
    table[OpTy::getOperationName()] = [lower](Operation *op, Lowering &l) {
      return lower(cast<OpTy>(op), l);
    };
  }
  template <typename OpTy> void addGeneric(LowerFn lower) {
    table[OpTy::getOperationName()] = std::move(lower);
  }
  const LowerFn *find(Operation *op) const {
    auto it = table.find(op->getName().getStringRef());
    return it == table.end() ? nullptr : &it->second;
  }
  static const Registry &get();

private:
  llvm::StringMap<LowerFn> table;
};

// One per family, each in its own file.
void registerActivations(Registry &registry);
void registerArithmetic(Registry &registry);
void registerAttention(Registry &registry);
void registerCasts(Registry &registry);
void registerCompact(Registry &registry);
void registerControlFlow(Registry &registry);
void registerConvolution(Registry &registry);
void registerCumulative(Registry &registry);
void registerDeterminant(Registry &registry);
void registerNonMaxSuppression(Registry &registry);
void registerUnique(Registry &registry);
void registerPooling(Registry &registry);
void registerRegions(Registry &registry);
void registerResize(Registry &registry);
void registerSampling(Registry &registry);
void registerTransposedConvolution(Registry &registry);
void registerFloatMath(Registry &registry);
void registerGather(Registry &registry);
void registerGenerate(Registry &registry);
void registerMatMul(Registry &registry);
void registerEinsum(Registry &registry);
void registerMovement(Registry &registry);
void registerNormalization(Registry &registry);
void registerPad(Registry &registry);
void registerQuantLinear(Registry &registry);
void registerQuantizedActivations(Registry &registry);
void registerQuantizedProducts(Registry &registry);
void registerReduction(Registry &registry);
void registerReshape(Registry &registry);
void registerScatter(Registry &registry);
void registerSlice(Registry &registry);
void registerSoftmax(Registry &registry);
void registerSort(Registry &registry);

//===----------------------------------------------------------------------===//
// Small helpers
//===----------------------------------------------------------------------===//

/// Map over `rank` loops onto some of them.
AffineMap mapOnto(MLIRContext *context, int64_t rank, ArrayRef<int64_t> loops);
/// Axis in [0, rank); the verifier has checked the range.
inline int64_t wrapAxis(int64_t axis, int64_t rank) {
  return axis < 0 ? axis + rank : axis;
}
inline SmallVector<utils::IteratorType> parallelLoops(int64_t count) {
  return SmallVector<utils::IteratorType>(count, utils::IteratorType::parallel);
}
/// A constant of a signless integer or float type.
Value constantNumber(ImplicitLocOpBuilder &b, Type type, double number);
Value constantInteger(ImplicitLocOpBuilder &b, Type type, const APInt &number);
/// A type as text, for messages.
std::string toText(Type type);
/// f32 for half types, else the type itself.
Type computeType(Type element);
/// Extends half types to f32; other types stay.
Value extendHalf(ImplicitLocOpBuilder &b, Value scalar);
/// Converts a float to another float type.
Value convertFloat(ImplicitLocOpBuilder &b, Value scalar, Type type);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_LOWERING_H
