"""What quantized products compute, in NumPy: codes, scales, sums and their order, so that
results can be compared bit for bit.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import numpy as np

F32 = np.float32
TINY = np.finfo(F32).tiny


def fma(a, b, c):
    """f32 a * b + c with one rounding. The product is exact in the wider type; where the sum is
    half-way between two floats, what was lost of it decides."""
    product, addend = np.longdouble(a) * np.longdouble(b), np.longdouble(c)
    total = product + addend
    back = total - product
    lost = (product - (total - back)) + (addend - back)
    up, down = np.nextafter(total, np.inf).astype(F32), np.nextafter(total, -np.inf).astype(F32)
    halfway = np.isfinite(total) & (up != down)
    return np.where(halfway & (lost > 0), up, np.where(halfway & (lost < 0), down, total.astype(F32)))


def quantize_weight(w, granularity, removed=()):
    """Codes [K, N] and scales [groups, N]."""
    rows = np.ones(len(w), F32)
    rows[list(removed)] = 0
    size = granularity if isinstance(granularity, int) else len(w)
    groups = [slice(i, i + size) for i in range(0, len(w), size)]
    codes, scales = np.zeros(w.shape, np.int64), []
    for group in groups:
        part = w[group] * rows[group, None]
        most = np.abs(part).max(0)
        if granularity == "tensor":
            most = np.full_like(most, most.max())
        none = most < 127 * TINY
        scales.append(np.where(none, F32(1), most / F32(127)))
        with np.errstate(divide="ignore"):
            inverse = np.where(none, F32(0), F32(127) / most)
        codes[group] = np.rint(np.clip(part * inverse, -127, 127))
    return codes, np.array(scales, F32), groups


class Scheme:
    """One scheme with what was decided about a layer. `weights`: "channel", "tensor" or rows of
    a group; `activations`: "token", "tensor", "static"; `mode`: None, "static", "dynamic",
    "dynamic-row", "bitsandbytes"."""

    def __init__(self, weights, activations, zero_point, mode, threshold=None, outliers=(),
                 scale=None, zero=None):
        self.weights, self.activations, self.zero_point = weights, activations, zero_point
        self.mode, self.threshold, self.outliers = mode, threshold, list(outliers)
        self.scale, self.zero = scale, zero


def split(x, scheme):
    """What counts for the ranges, what gets codes, and the outlier columns with their values."""
    columns, tail = [], np.zeros((len(x), 0), F32)
    large = np.abs(x) >= F32(scheme.threshold) if scheme.threshold else np.zeros(x.shape, bool)
    ranges = codes = x
    if scheme.mode == "static":
        columns = scheme.outliers
    elif scheme.mode:
        columns = np.flatnonzero(large.any(0))
    if scheme.mode == "dynamic-row":
        ranges = codes = np.where(large, F32(0), x)
        tail = np.where(large, x, F32(0))[:, columns]
    elif scheme.mode:
        codes = x.copy()
        codes[:, columns] = 0
        ranges = np.where(large, F32(0), x) if scheme.mode == "bitsandbytes" else codes
        tail = x[:, columns]
    return ranges, codes, columns, tail


def quantize_rows(ranges, values, scheme):
    """Codes less their zero point, and one scale per row."""
    finite = np.isfinite(ranges).all(1)
    if scheme.activations != "token" and len(ranges):
        finite = finite if scheme.activations == "static" else np.full_like(finite, finite.all())
    ranges = np.where(np.isfinite(ranges), ranges, 0).astype(F32)
    low = np.minimum(ranges.min(1, initial=0), 0)
    high = np.maximum(ranges.max(1, initial=0), 0)
    if scheme.activations == "tensor" and len(ranges):
        low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
    if scheme.activations == "static":
        step = np.full(len(ranges), scheme.scale, F32)
        zero = np.full(len(ranges), scheme.zero or 0, F32)
        inverse = F32(1) / step
    elif scheme.zero_point:
        width = high - low
        finite &= np.isfinite(width)
        step = np.where(width < 255 * TINY, F32(1), width / F32(255))
        zero = np.rint(np.clip(-low / step, 0, 255))
    else:
        most = np.maximum(-low, high)
        none = most < 127 * TINY
        step = np.where(none, F32(1), most / F32(127))
        with np.errstate(divide="ignore"):
            inverse = np.where(none, F32(0), F32(127) / most)
    values = np.where(finite[:, None], values, F32(0))
    if scheme.zero_point:
        zero = zero[:, None]
        codes = np.rint(np.clip(values / step[:, None], -zero, 255 - zero))
    else:
        codes = np.rint(np.clip(values * inverse[:, None], -127, 127))
    return codes.astype(np.int64), np.where(finite, step, F32(np.nan)).astype(F32)


def product(x, w, bias, scheme):
    """y [M, N] of x [M, K] and w [K, N]."""
    with np.errstate(invalid="ignore", over="ignore"):
        ranges, values, columns, tail = split(x, scheme)
        codes, row_scale = quantize_rows(ranges, values, scheme)
        removed = scheme.outliers if scheme.mode == "static" else ()
        weight, scales, groups = quantize_weight(w, scheme.weights, removed)
        sums = [(codes[:, g] @ weight[g]) for g in groups]
        assert all(abs(s).max(initial=0) < 2**31 for s in sums)
        row_scale = row_scale[:, None]
        if len(groups) == 1:
            y = sums[0].astype(F32) * (row_scale * scales[0])
        else:
            y = np.zeros(sums[0].shape, F32)
            for s, scale in zip(sums, scales):
                y = fma(s.astype(F32), scale, y)
            y = row_scale * y
        for i, k in enumerate(columns):
            if scheme.mode == "bitsandbytes":
                group = next(j for j, g in enumerate(groups) if g.start <= k < g.stop)
                row = weight[k].astype(F32) * scales[group]
            else:
                row = w[k].astype(np.float16).astype(F32)
            y = fma(tail[:, i:i + 1], row, y)
        return y if bias is None else y + bias


def tail_bound(x, w, y, scheme):
    """How far y may be off where half-precision tiles multiply the outliers: each factor has
    two parts of 8 bits, and the order of the sum is the tile's. Numbers near the largest one
    overflow in one order and not in another."""
    _, _, columns, tail = split(x, scheme)
    rows = w[columns].astype(np.float16).astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        magnitudes = np.abs(tail.astype(np.float64)) @ np.abs(rows)
        bound = 3e-5 * magnitudes + 4e-7 * np.abs(y) + 1e-30
        return np.where(magnitudes > np.finfo(F32).max, np.inf, bound)


def dequantized(codes, scales, groups):
    return np.concatenate([codes[g] * np.float64(s) for g, s in zip(groups, scales)])


def float_product(x, values, bias):
    """y, and how far a sum of floats in any order may be from it."""
    x = x.astype(np.float64)
    bound = (len(values) + 4) * 2.0**-23 * (np.abs(x) @ np.abs(values)) + 1e-37
    y = x @ values + (0 if bias is None else bias)
    return y, bound + np.abs(y) * 2.0**-22
