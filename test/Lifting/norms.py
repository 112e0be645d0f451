"""Forms of LayerNormalization, RMSNormalization, Gelu and Swish.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import numpy as np

WIDTH = 24
SIZES = [{"batch": 1, "seq": 1}, {"batch": 2, "seq": 7}, {"batch": 3, "seq": 33}]
rng = np.random.default_rng(1)
GAIN = rng.uniform(0.5, 1.5, WIDTH)
SHIFT = rng.uniform(-0.5, 0.5, WIDTH)


def x_of(g, width=WIDTH):
    return g.input("x", "batch", "seq", width)


def root(g, variance, how, epsilon=1e-5):
    """A value to multiply with."""
    v = g.Add(variance, epsilon)
    if how == "reciprocal":
        return g.Reciprocal(g.Sqrt(v))
    if how == "one-over":
        return g.Div(1.0, g.Sqrt(v))
    return g.Pow(v, -0.5)


def layer_norm(square="pow", divide="div", affine="both", order="gain-last"):
    def build(g):
        x = x_of(g)
        mean = g.mean(x)
        d = g.Sub(x, mean)
        if square == "pow":
            s = g.Pow(d, 2.0)
        elif square == "mul":
            s = g.Mul(d, d)
        elif square == "reversed":
            e = g.Sub(mean, x)
            s = g.Mul(e, e)
        else:  # the difference a second time
            s = g.Pow(g.Sub(x, g.mean(x)), 2.0)
        variance = g.mean(s)
        if order == "gain-first":
            y = g.Div(g.Mul(GAIN, d), g.Sqrt(g.Add(variance, 1e-5)))
        elif order == "gain-in-root":
            y = g.Mul(d, g.Mul(root(g, variance, "reciprocal"), GAIN))
        else:
            if divide == "div":
                y = g.Div(d, g.Sqrt(g.Add(variance, 1e-5)))
            elif divide == "pow":
                y = g.Div(d, g.Pow(g.Add(variance, 1e-5), 0.5))
            else:
                y = g.Mul(d, root(g, variance, divide))
            if affine != "none":
                gain = GAIN.reshape(1, 1, WIDTH) if affine == "rank3" else GAIN
                y = g.Mul(y, gain)
        if affine in ("both", "rank3"):
            y = g.Add(SHIFT, y) if order == "gain-first" else g.Add(y, SHIFT)
        g.output(y)

    return build


def layer_norm_keras(g):
    """x * r + (shift - mean * r): batch_normalization of TensorFlow."""
    x = x_of(g)
    mean = g.mean(x)
    d = g.Sub(x, mean)
    r = g.Mul(root(g, g.mean(g.Mul(d, d)), "reciprocal", 1e-3), GAIN)
    g.output(g.Add(g.Mul(x, r), g.Sub(SHIFT, g.Mul(mean, r))))


def layer_norm_half(g):
    """torch.onnx below opset 17: the difference widened, the quotient narrowed."""
    x = x_of(g)
    d = g.cast(g.Sub(x, g.mean(x)), np.float32)
    variance = g.mean(g.Pow(d, g.const(2.0, np.float32)))
    q = g.Div(d, g.Sqrt(g.Add(variance, g.const(1e-5, np.float32))))
    g.output(g.Add(g.Mul(g.cast(q, np.float16), GAIN), SHIFT))


def layer_norm_sums(g):
    """Means as sums."""
    x = x_of(g)

    def mean(v):
        return g.Div(g.axes_op("ReduceSum", v, (-1,), keepdims=1), float(WIDTH))

    d = g.Sub(x, mean(x))
    g.output(g.Add(g.Mul(g.Div(d, g.Sqrt(g.Add(mean(g.Mul(d, d)), 1e-5))), GAIN), SHIFT))


def layer_norm_two_dims(g):
    x = g.input("x", "batch", 6, WIDTH)
    d = g.Sub(x, g.mean(x, -2, -1))
    y = g.Div(d, g.Sqrt(g.Add(g.mean(g.Mul(d, d), -2, -1), 1e-5)))
    gain = np.random.default_rng(2).uniform(0.5, 1.5, (6, WIDTH))
    g.output(g.Add(g.Mul(y, gain), gain[::-1].copy()))


def other_axis(g):
    """Over channels that are not last: no layer norm."""
    x = x_of(g)
    d = g.Sub(x, g.mean(x, 1))
    g.output(g.Div(d, g.Sqrt(g.Add(g.mean(g.Mul(d, d), 1), 1e-5))))


def epsilon_outside(g):
    x = x_of(g)
    d = g.Sub(x, g.mean(x))
    g.output(g.Div(d, g.Add(g.Sqrt(g.mean(g.Mul(d, d))), 1e-5)))


def rms_norm(square="pow", divide="reciprocal", order="outside"):
    def build(g):
        x = x_of(g)
        variance = g.mean(g.Pow(x, 2.0) if square == "pow" else g.Mul(x, x))
        if divide == "div":
            y = g.Mul(GAIN, g.Div(x, g.Sqrt(g.Add(variance, 1e-6))))
        elif order == "inside":
            y = g.Mul(x, g.Mul(root(g, variance, divide), GAIN))
        elif order == "none":
            y = g.Mul(x, root(g, variance, divide))
        else:
            y = g.Mul(GAIN, g.Mul(x, root(g, variance, divide)))
        g.output(y)

    return build


def rms_norm_half(gain_behind_cast):
    """LLaMA and T5: widened in front of the square."""

    def build(g):
        x = x_of(g)
        w = g.cast(x, np.float32)
        variance = g.mean(g.Pow(w, g.const(2.0, np.float32)))
        inverse = g.Reciprocal(g.Sqrt(g.Add(variance, g.const(1e-6, np.float32))))
        y = g.Mul(w, inverse)
        if gain_behind_cast:
            y = g.Mul(GAIN, g.cast(y, np.float16))
        else:  # Gemma
            y = g.cast(g.Mul(y, g.const(GAIN, np.float32)), np.float16)
        g.output(y)

    return build


def gelu_erf(form):
    def build(g):
        x = x_of(g)
        root2 = float(np.sqrt(2))
        e = g.Erf(g.Mul(x, 1 / root2) if form == "mul" else g.Div(x, root2))
        if form == "half-sum":
            y = g.Mul(x, g.Add(g.Mul(e, 0.5), 0.5))
        elif form == "half-last":
            y = g.Mul(g.Mul(x, g.Add(e, 1.0)), 0.5)
        elif form == "half-first":
            y = g.Mul(g.Mul(x, 0.5), g.Add(1.0, e))
        else:
            y = g.Mul(x, g.Mul(0.5, g.Add(1.0, e)))
        g.output(y)

    return build


def gelu_tanh(form):
    def build(g):
        x = x_of(g)
        k = float(np.sqrt(2 / np.pi))
        if form == "fast":
            t = g.Mul(g.Mul(x, k), g.Add(g.Mul(g.Mul(x, x), 0.044715), 1.0))
        else:
            cube = g.Mul(x, g.Mul(x, x)) if form == "mul" else g.Pow(x, 3.0)
            t = g.Mul(g.Add(x, g.Mul(cube, 0.044715)), 2 * k if form == "sigmoid" else k)
        if form == "sigmoid":
            y = g.Mul(x, g.Sigmoid(t))
        else:
            y = g.Mul(g.Mul(x, 0.5), g.Add(g.Tanh(t), 1.0))
        g.output(y)

    return build


def swish(form):
    def build(g):
        x = x_of(g)
        if form == "sigmoid":
            y = g.Mul(x, g.Sigmoid(x))
        elif form == "quick":
            y = g.Mul(g.Sigmoid(g.Mul(x, 1.702)), x)
        elif form == "quotient":
            y = g.Div(x, g.Add(g.Exp(g.Neg(x)), 1.0))
        elif form == "reciprocal":
            y = g.Mul(x, g.Reciprocal(g.Add(1.0, g.Exp(g.Mul(x, -1.0)))))
        else:
            y = g.Mul(g.Div(1.0, g.Add(1.0, g.Exp(g.Neg(x)))), x)
        g.output(y)

    return build


def forms(add):
    def norm(name, build, **options):
        add("layer-norm/" + name, build, {"LayerNormalization": 1}, SIZES, **options)

    norm("torch-11", layer_norm(), opset=11)
    norm("torch-16", layer_norm(), opset=16)
    norm("axes-input", layer_norm(), opset=18)
    norm("mul", layer_norm(square="mul", divide="reciprocal"))
    norm("one-over", layer_norm(divide="one-over"))
    norm("pow", layer_norm(divide="pow"))
    norm("rsqrt-by-pow", layer_norm(divide="rsqrt"))
    norm("squared-difference", layer_norm(square="reversed", divide="reciprocal"))
    norm("difference-twice", layer_norm(square="twice"))
    norm("gain-first", layer_norm(order="gain-first"))
    norm("gain-in-root", layer_norm(order="gain-in-root"))
    norm("no-shift", layer_norm(affine="gain"))
    norm("no-gain", layer_norm(affine="none"))
    norm("gain-of-rank-3", layer_norm(affine="rank3"))
    norm("keras", layer_norm_keras, opset=13)
    norm("sums", layer_norm_sums)
    norm("two-dims", layer_norm_two_dims)
    norm("half", layer_norm(), dtype=np.float16)
    norm("half-torch", layer_norm_half, opset=14, dtype=np.float16)
    add("layer-norm/not-other-axis", other_axis, {}, SIZES)
    add("layer-norm/not-epsilon-outside", epsilon_outside, {}, SIZES)

    def rms(name, build, **options):
        add("rms-norm/" + name, build, {"RMSNormalization": 1}, SIZES, **options)

    rms("llama", rms_norm())
    rms("one-over", rms_norm(divide="one-over"), opset=14)
    rms("pow", rms_norm(divide="rsqrt"), opset=18)
    rms("div", rms_norm(square="mul", divide="div"))
    rms("gain-in-root", rms_norm(order="inside"))
    rms("no-gain", rms_norm(order="none"))
    rms("half", rms_norm_half(True), dtype=np.float16)
    rms("half-gain-in-front", rms_norm_half(False), dtype=np.float16)

    for form in ("mul", "div", "half-sum", "half-last", "half-first"):
        add("gelu/erf-" + form, gelu_erf(form), {"Gelu": 1}, SIZES)
    add("gelu/erf-half", gelu_erf("half-last"), {"Gelu": 1}, SIZES, dtype=np.float16)
    for form in ("pow", "mul", "fast", "sigmoid"):
        add("gelu/tanh-" + form, gelu_tanh(form), {"Gelu": 1}, SIZES)
    for form in ("sigmoid", "quick", "quotient", "reciprocal", "one-over"):
        add("swish/" + form, swish(form), {"Swish": 1}, SIZES)
    add("swish/half", swish("sigmoid"), {"Swish": 1}, SIZES, dtype=np.float16)
