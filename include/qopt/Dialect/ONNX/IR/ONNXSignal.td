//===- ONNXSignal.td - Fourier transforms and windows ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `onnx-decompose` removes all of these: a transform is a product with a matrix of
// cosines and sines, which is folded when its length is known.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_ONNX_IR_ONNXSIGNAL_TD
#define QOPT_DIALECT_ONNX_IR_ONNXSIGNAL_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

def ONNX_DFTOp : ONNX_Op<"DFT"> {
  let summary = "Discrete Fourier transform along an axis";
  let description = [{
    ONNX DFT: `input` is `[..., 1]` (real) or `[..., 2]` (real and imaginary part). The
    signal along `axis` (a scalar; -2 if absent, never the last dim) is cut or filled with
    zeros to `dft_length` values. `inverse` divides by the length. `onesided` keeps the
    first `dft_length / 2 + 1` results; with `inverse` the operand is such a half, and the
    result is real.
  }];
  let arguments = (ins ONNX_FloatTensor:$input, ONNX_Optional<ONNX_IndexTensor>:$dft_length,
                       ONNX_Optional<ONNX_IndexTensor>:$axis,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$inverse,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$onesided);
  let results = (outs ONNX_FloatTensor:$output);
}

def ONNX_STFTOp : ONNX_Op<"STFT"> {
  let summary = "Short-time Fourier transform";
  let description = [{
    ONNX STFT: frames of `signal` `[batch, length, 1 or 2]`, one every `frame_step` values,
    times `window` `[frame_length]`, transformed: `[batch, frames, bins, 2]`. `frame_length`
    (a scalar) is the length of the window if absent, and that of the signal without both.
  }];
  let arguments = (ins ONNX_FloatTensor:$signal, ONNX_IndexTensor:$frame_step,
                       ONNX_Optional<ONNX_FloatTensor>:$window,
                       ONNX_Optional<ONNX_IndexTensor>:$frame_length,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$onesided);
  let results = (outs ONNX_FloatTensor:$output);
}

class ONNX_WindowOp<string mnemonic, string formula> : ONNX_Op<mnemonic> {
  let summary = mnemonic # " of a given size";
  let description = "ONNX " # mnemonic # ": `" # formula # "` for `i` below `size` (a scalar), `n = size` "
    "if `periodic`, else `n = size - 1`. Computed in f32, cast to `output_datatype` (f32 if absent).";
  let arguments = (ins ONNX_IndexTensor:$size,
                       OptionalAttr<TypeAttr>:$output_datatype,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$periodic);
  let results = (outs ONNX_NumberTensor:$output);
  let elementRule = [{typeAttribute(attributes, "output_datatype",
                                    ::mlir::Float32Type::get(context))}];
}
def ONNX_HannWindowOp : ONNX_WindowOp<"HannWindow", "0.5 - 0.5 cos(2 pi i / n)">;
def ONNX_HammingWindowOp : ONNX_WindowOp<"HammingWindow", "25/46 - 21/46 cos(2 pi i / n)">;
def ONNX_BlackmanWindowOp
    : ONNX_WindowOp<"BlackmanWindow", "0.42 - 0.5 cos(2 pi i / n) + 0.08 cos(4 pi i / n)">;

def ONNX_MelWeightMatrixOp : ONNX_Op<"MelWeightMatrix"> {
  let summary = "Triangular filters from a spectrum to mel bands";
  let description = [{
    ONNX MelWeightMatrix: `[dft_length / 2 + 1, num_mel_bins]`. Band `i` rises from the bin of
    its lower edge to 1 at its center and falls to its upper edge; the edges are evenly
    spaced on the mel scale `2595 log10(1 + f / 700)`. All operands are scalars.
  }];
  let arguments = (ins ONNX_IndexTensor:$num_mel_bins, ONNX_IndexTensor:$dft_length,
                       ONNX_IndexTensor:$sample_rate, ONNX_FloatTensor:$lower_edge_hertz,
                       ONNX_FloatTensor:$upper_edge_hertz,
                       OptionalAttr<TypeAttr>:$output_datatype);
  let results = (outs ONNX_NumberTensor:$output);
  let elementRule = [{typeAttribute(attributes, "output_datatype",
                                    ::mlir::Float32Type::get(context))}];
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXSIGNAL_TD
