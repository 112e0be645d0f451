//===- DecomposeSignal.cpp - Fourier transforms as matrix products -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A transform of length N is a product with the matrix of exp(-2 pi i n k / N).
// n k is reduced modulo N in integers, so that the angles stay exact; rows
// from N on are 0, which cuts a longer signal, and a shorter one needs no
// padding.
//===----------------------------------------------------------------------===//

#include "Decompose.h"
#include "qopt/Dialect/ONNX/IR/ONNXControlFlow.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"
#include "qopt/Dialect/ONNX/IR/ONNXSignal.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

constexpr double kPi = llvm::numbers::pi;

// What the patterns here share: integer scalars and parts of tensors.
class Signals : public Composer {
public:
  Signals(PatternRewriter &rewriter, Operation *op)
      : Composer(rewriter, op), i64(rewriter.getI64Type()) {}

  Value integer(int64_t number) { return scalar(i64, number); }
  // A scalar operand, rank 0 also where the file gives it rank 1.
  Value scalarOf(Value operand) {
    return op<ReshapeOp>({cast(operand, i64), ints({})});
  }
  Value dim(Value x, int64_t axis) {
    return op<GatherOp>({op<ShapeOp>(x), integer(axis)});
  }
  Value column(Value row) { return op<UnsqueezeOp>({row, ints(1)}); }
  // x[from:to] of the last dim.
  Value lastDim(Value x, int64_t from, int64_t to) {
    return op<SliceOp>({x, ints(from), ints(to), ints(-1), ints(1)});
  }
  Value half(Value length) { return add(div(length, integer(2)), integer(1)); }

  // The transform of `x` along `axis`; `length` may be null.
  Value transform(Value x, int64_t rank, int64_t axis, Value length,
                  bool inverse, bool onesided);

  // An axis that is not constant chooses among the results along all axes.
  Value chooseAxis(Value axis, int64_t rank,
                   function_ref<Value(int64_t)> compute);

private:
  struct Matrix {
    Value cosine, sine;
  };
  Value sine(Value numerator, Value length, Type element);
  Matrix matrix(Value rows, Value columns, Value length, bool isHalf,
                Type element);

  Type i64;
};

// sin(2 pi m / (4 N)). m is brought into the first quarter turn in integers, so
// that what must cancel in a transform does: sin(pi) is 0.
Value Signals::sine(Value m, Value length, Type element) {
  auto times = [&](int64_t factor) { return mul(length, integer(factor)); };
  m = op<ModOp>({m, times(4)});
  Value isLower = op<GreaterOp>({m, times(2)});
  m = op<WhereOp>({isLower, sub(times(4), m), m});
  m = op<WhereOp>({op<GreaterOp>({m, length}), sub(times(2), m), m});
  Value turn = div(cast(m, element), cast(times(4), element));
  Value value = op<SinOp>(mul(turn, scalar(element, 2 * kPi)));
  return op<WhereOp>({isLower, op<NegOp>(value), value});
}

// cos and sin of 2 pi n k / N, [rows, columns]. A half spectrum stands for a
// whole one: all but its ends count twice.
Signals::Matrix Signals::matrix(Value rows, Value columns, Value length,
                                bool isHalf, Type element) {
  Value n = column(range(rows));
  Value phase = op<ModOp>({mul(n, range(columns)), length});
  Value quarters = mul(phase, integer(4));
  Value zero = scalar(element, 0), one = scalar(element, 1);
  Value weight = one;
  if (isHalf) {
    Value twice = op<MulOp>({n, integer(2)});
    Value isEnd =
        op<OrOp>({op<EqualOp>({n, integer(0)}), op<EqualOp>({twice, length})});
    weight = op<WhereOp>({isEnd, one, scalar(element, 2)});
    weight = op<WhereOp>({op<GreaterOp>({twice, length}), zero, weight});
  } else {
    weight = op<WhereOp>({op<LessOp>({n, length}), one, zero});
  }
  Value cosine = sine(add(quarters, length), length, element);
  return {mul(cosine, weight), mul(sine(quarters, length, element), weight)};
}

Value Signals::transform(Value x, int64_t rank, int64_t axis, Value length,
                         bool inverse, bool onesided) {
  Type element = getElementTypeOrSelf(x);
  bool fromHalf = inverse && onesided;
  Value rows = dim(x, axis);
  if (!length)
    length = fromHalf ? mul(sub(rows, integer(1)), integer(2)) : rows;
  Value columns = onesided && !inverse ? half(length) : length;
  Matrix m = matrix(rows, columns, length, fromHalf, element);
  if (inverse)
    m.sine = op<NegOp>(m.sine);

  // [..., signal] behind one another, so that the product is a MatMul.
  SmallVector<int64_t> toEnd, back(rank - 1);
  for (int64_t i = 0; i < rank - 1; ++i)
    if (i != axis)
      toEnd.push_back(i);
  toEnd.push_back(axis);
  for (auto [i, source] : llvm::enumerate(toEnd))
    back[source] = i;
  auto permuted = [&](Value value, ArrayRef<int64_t> permutation) {
    return op<TransposeOp>(value, attr("perm", permutation));
  };
  auto part = [&](Value value, int64_t i) {
    Value flat = op<SqueezeOp>({lastDim(value, i, i + 1), ints(-1)});
    return permuted(flat, toEnd);
  };
  auto times = [&](Value a, Value b) { return op<MatMulOp>({a, b}); };

  // A real signal has no imaginary part; where the file does not tell, zeros
  // behind the operand give it one.
  auto type = dyn_cast<RankedTensorType>(x.getType());
  bool isReal = type && type.getDimSize(rank - 1) == 1;
  Value real, imaginary;
  if (isReal) {
    real = part(x, 0);
  } else {
    Value filled = op<ConcatOp>({x, mul(x, scalar(element, 0))},
                                attr("axis", int64_t(-1)));
    real = part(filled, 0);
    imaginary = part(filled, 1);
  }
  // (a + ib)(cos - i sin); the sine has the other sign in the inverse.
  SmallVector<Value> parts{times(real, m.cosine)};
  if (!isReal)
    parts[0] = add(parts[0], times(imaginary, m.sine));
  if (!fromHalf) {
    Value minus = op<NegOp>(times(real, m.sine));
    parts.push_back(isReal ? minus : add(times(imaginary, m.cosine), minus));
  }
  for (Value &value : parts) {
    if (inverse)
      value = div(value, cast(length, element));
    value = op<UnsqueezeOp>({permuted(value, back), ints(-1)});
  }
  return op<ConcatOp>(parts, attr("axis", int64_t(-1)));
}

Value Signals::chooseAxis(Value axis, int64_t rank,
                          function_ref<Value(int64_t)> compute) {
  // Reading a table wraps a negative axis; reading it again, without its last
  // entry, checks that the last dim was not meant.
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  Value entry = op<GatherOp>({ints(axes), scalarOf(axis)});
  entry = op<GatherOp>({ints(ArrayRef(axes).drop_back()), entry});
  std::function<Value(int64_t)> from = [&](int64_t candidate) {
    if (candidate == rank - 2)
      return compute(candidate);
    return choose(
        op<EqualOp>({entry, integer(candidate)}),
        [&] { return compute(candidate); },
        [&] { return from(candidate + 1); });
  };
  return from(0);
}

struct DecomposeDFT : OpRewritePattern<DFTOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DFTOp op,
                                PatternRewriter &rewriter) const override {
    Signals s(rewriter, op);
    std::optional<int64_t> rank = rankOf(op.getInput());
    if (!rank || *rank < 2)
      return rewriter.notifyMatchFailure(op, "rank is not known");
    Value length;
    if (!isa<NoneType>(op.getDftLength().getType()))
      length = s.scalarOf(op.getDftLength());
    auto transform = [&](int64_t axis) {
      return s.transform(op.getInput(), *rank, axis, length, op.getInverse(),
                         op.getOnesided());
    };
    if (isa<NoneType>(op.getAxis().getType())) {
      s.replace(op, transform(*rank - 2));
      return success();
    }
    DenseIntElementsAttr constant;
    if (!matchPattern(op.getAxis(), m_Constant(&constant))) {
      s.replace(op, s.chooseAxis(op.getAxis(), *rank, transform));
      return success();
    }
    int64_t axis = constant.getNumElements() == 1
                       ? (*constant.begin()).getSExtValue()
                       : *rank;
    axis = axis < 0 ? axis + *rank : axis;
    if (axis < 0 || axis >= *rank - 1)
      return op.emitOpError("axis is outside the signal's dims");
    s.replace(op, transform(axis));
    return success();
  }
};

// Frames are gathered, [batch, frames, length, 1 or 2], and transformed.
struct DecomposeSTFT : OpRewritePattern<STFTOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(STFTOp op,
                                PatternRewriter &rewriter) const override {
    Signals s(rewriter, op);
    Value signal = op.getSignal(), window = op.getWindow();
    bool hasWindow = !isa<NoneType>(window.getType());
    if (rankOf(signal) != 3)
      return rewriter.notifyMatchFailure(op, "expected a signal of rank 3");
    Value length;
    if (!isa<NoneType>(op.getFrameLength().getType()))
      length = s.scalarOf(op.getFrameLength());
    else
      length = hasWindow ? s.dim(window, 0) : s.dim(signal, 1);
    Value step = s.scalarOf(op.getFrameStep());
    Value frames =
        s.add(s.div(s.sub(s.dim(signal, 1), length), step), s.integer(1));
    Value starts = s.column(s.mul(s.range(frames), step));
    Value x = s.op<GatherOp>({signal, s.add(starts, s.range(length))},
                             s.attr("axis", int64_t(1)));
    if (hasWindow)
      x = s.op<MulOp>({x, s.column(window)});
    // Its last dim is that of the signal.
    auto type = cast<RankedTensorType>(signal.getType());
    int64_t any = ShapedType::kDynamic;
    x.setType(RankedTensorType::get(
        {type.getDimSize(0), any, any, type.getDimSize(2)},
        type.getElementType()));
    s.replace(
        op, s.transform(x, 4, 2, length, /*inverse=*/false, op.getOnesided()));
    return success();
  }
};

// a - b cos(2 pi i / n) + c cos(4 pi i / n).
template <typename OpTy> struct DecomposeWindow : OpRewritePattern<OpTy> {
  DecomposeWindow(MLIRContext *context, double a, double b, double c)
      : OpRewritePattern<OpTy>(context), a(a), b(b), c(c) {}
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    Signals s(rewriter, op);
    Type f32 = rewriter.getF32Type();
    Value size = s.scalarOf(op.getSize());
    Value n = op.getPeriodic() ? size : s.sub(size, s.integer(1));
    Value turn = s.div(s.cast(s.range(size), f32), s.cast(n, f32));
    auto wave = [&](double turns, double factor) {
      Value angle = s.mul(turn, s.scalar(f32, turns * 2 * kPi));
      return s.mul(s.op<CosOp>(angle), s.scalar(f32, factor));
    };
    Value window = s.sub(s.scalar(f32, a), wave(1, b));
    if (c != 0)
      window = s.add(window, wave(2, c));
    s.replace(op, s.cast(window, getElementTypeOrSelf(op.getOutput())));
    return success();
  }
  double a, b, c;
};

struct DecomposeMelWeights : OpRewritePattern<MelWeightMatrixOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MelWeightMatrixOp op,
                                PatternRewriter &rewriter) const override {
    Signals s(rewriter, op);
    Type f32 = rewriter.getF32Type();
    auto number = [&](double value) { return s.scalar(f32, value); };
    auto mel = [&](Value hertz) {
      hertz = s.op<ReshapeOp>({s.cast(hertz, f32), s.ints({})});
      Value ratio = s.add(s.div(hertz, number(700)), number(1));
      return s.mul(s.op<LogOp>(ratio), number(2595 / llvm::numbers::ln10));
    };
    Value bands = s.scalarOf(op.getNumMelBins());
    Value length = s.scalarOf(op.getDftLength());
    Value edges = s.add(bands, s.integer(2));
    Value low = mel(op.getLowerEdgeHertz()), high = mel(op.getUpperEdgeHertz());
    Value step = s.div(s.sub(high, low), s.cast(edges, f32));

    // The bins of all edges: floor((length + 1) * hertz / rate).
    Value mels = s.add(s.mul(s.cast(s.range(edges), f32), step), low);
    Value power = s.op<ExpOp>(s.mul(mels, number(llvm::numbers::ln10 / 2595)));
    Value hertz = s.mul(s.sub(power, number(1)), number(700));
    Value scaled = s.mul(hertz, s.cast(s.add(length, s.integer(1)), f32));
    Value rate = s.cast(s.scalarOf(op.getSampleRate()), f32);
    Value bins =
        s.cast(s.op<FloorOp>(s.div(scaled, rate)), rewriter.getI64Type());
    auto edge = [&](int64_t first) {
      Value end =
          s.op<UnsqueezeOp>({s.add(bands, s.integer(first)), s.ints(0)});
      return s.op<SliceOp>({bins, s.ints(first), end, s.ints(0), s.ints(1)});
    };
    Value left = edge(0), center = edge(1), right = edge(2);
    Value j = s.column(s.range(s.half(length)));

    auto both = [&](Value a, Value b) { return s.op<AndOp>({a, b}); };
    auto choose = [&](Value condition, Value a, Value b) {
      return s.op<WhereOp>({condition, a, b});
    };
    auto ratio = [&](Value a, Value b) {
      return s.div(s.cast(a, f32), s.cast(b, f32));
    };
    Value rise = s.sub(center, left), fall = s.sub(right, center);
    Value atCenter = s.op<EqualOp>({j, center});
    Value isRising = both(s.op<GreaterOrEqualOp>({j, left}),
                          s.op<LessOrEqualOp>({j, center}));
    Value isFalling =
        both(s.op<GreaterOrEqualOp>({j, center}), s.op<LessOp>({j, right}));
    Value rising = choose(isRising, ratio(s.sub(j, left), rise), number(0));
    Value steep = choose(atCenter, number(1), number(0));
    rising = choose(s.op<EqualOp>({rise, s.integer(0)}), steep, rising);
    Value value = choose(isFalling, ratio(s.sub(right, j), fall), rising);
    s.replace(op, s.cast(value, getElementTypeOrSelf(op.getOutput())));
    return success();
  }
};

} // namespace

void mlir::onnx::populateDecomposeSignalPatterns(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<DecomposeDFT, DecomposeMelWeights, DecomposeSTFT>(context);
  patterns.add<DecomposeWindow<HannWindowOp>>(context, 0.5, 0.5, 0.0);
  patterns.add<DecomposeWindow<HammingWindowOp>>(context, 25.0 / 46, 21.0 / 46,
                                                 0.0);
  patterns.add<DecomposeWindow<BlackmanWindowOp>>(context, 0.42, 0.5, 0.08);
}
