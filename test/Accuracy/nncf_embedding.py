#!/usr/bin/env python3
"""all-MiniLM-L6-v2 quantized by NNCF and run by OpenVINO: mean and least cosine of its
mean-pooled embedding with float. Runs under build/peers-venv.

  nncf_embedding.py MODEL.onnx CALIB.npz EVAL.npz

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import logging
import sys

import nncf
import numpy as np
import openvino

INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def samples(path):
    data = np.load(path)
    return [{name: data[name][row : row + 1] for name in INPUTS} for row in range(len(data["input_ids"]))]


def cosines(model, path):
    data = np.load(path)
    compiled = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for row, inputs in enumerate(samples(path)):
        hidden = compiled(inputs)["last_hidden_state"][0]
        mask = data["attention_mask"][row][:, None].astype(np.float64)
        pooled = (hidden * mask).sum(axis=0) / mask.sum()
        want = data["mean_pooled_f32"][row].astype(np.float64)
        yield pooled @ want / np.linalg.norm(pooled) / np.linalg.norm(want)


def main():
    model_path, calib, evaluation = sys.argv[1:]
    logging.disable(logging.INFO)
    model = openvino.Core().read_model(model_path)
    # NNCF's own settings for transformers; 256 samples are all there are.
    quantized = nncf.quantize(model, nncf.Dataset(samples(calib)), subset_size=256,
                              model_type=nncf.ModelType.TRANSFORMER)
    found = list(cosines(quantized, evaluation))
    print(f"cosine {np.mean(found):.5f} {np.min(found):.5f}")


if __name__ == "__main__":
    main()
