#!/usr/bin/env python3
"""Compares a float and a quantized library of paraphrase-MiniLM-L3-v2:
quickstart.py MODEL.onnx FLOAT.so INT8.so

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import sys
import time

import numpy as np
import qopt

# Sentences, tokenized with the model's vocabulary (BERT, lower case).
SENTENCES = [
    # A compiler turns a program into machine code.
    [101, 1037, 21624, 4332, 1037, 2565, 2046, 3698, 3642, 1012, 102],
    # The model is quantized once, before it runs.
    [101, 1996, 2944, 2003, 24110, 23355, 2320, 1010, 2077, 2009, 3216, 1012, 102],
    # Every layer keeps eight bits per weight.
    [101, 2296, 6741, 7906, 2809, 9017, 2566, 3635, 1012, 102],
    # Rain is expected along the coast tomorrow morning.
    [101, 4542, 2003, 3517, 2247, 1996, 3023, 4826, 2851, 1012, 102],
    # She planted tomatoes and beans behind the house.
    [101, 2016, 8461, 12851, 1998, 13435, 2369, 1996, 2160, 1012, 102],
    # The train to the city leaves at half past seven.
    [101, 1996, 3345, 2000, 1996, 2103, 3727, 2012, 2431, 2627, 2698, 1012, 102],
    # Two musicians played the violin in an empty hall.
    [101, 2048, 5389, 2209, 1996, 6710, 1999, 2019, 4064, 2534, 1012, 102],
    # How long does it take to boil an egg?
    [101, 2129, 2146, 2515, 2009, 2202, 2000, 26077, 2019, 8288, 1029, 102],
]
# The model's own name for the sentence embedding.
EMBEDDING = "461"


def batch():
    width = max(map(len, SENTENCES))
    ids = np.zeros((len(SENTENCES), width), np.int64)
    mask = np.zeros_like(ids)
    for row, sentence in enumerate(SENTENCES):
        ids[row, : len(sentence)] = sentence
        mask[row, : len(sentence)] = 1
    return ids, mask


def milliseconds(model, ids, mask, seconds=1.0):
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        model(input_ids=ids, attention_mask=mask)
        times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times))


def main():
    onnx_path, float_path, int8_path = sys.argv[1:]
    ids, mask = batch()
    # One text of 128 tokens for the clock: the sentences, over and over.
    flat = np.concatenate([np.array(s) for s in SENTENCES])
    long_ids = np.resize(flat, (1, 128))
    long_mask = np.ones_like(long_ids)

    rows = [("ONNX file", os.path.getsize(onnx_path), None, None)]
    reference = None
    for label, path in (("float32", float_path), ("llm-int8", int8_path)):
        model = qopt.load(path)
        embedding = np.asarray(model(input_ids=ids, attention_mask=mask)[EMBEDDING])
        embedding = embedding.astype(np.float64)
        embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
        if reference is None:
            reference = embedding
        cosine = (embedding * reference).sum(axis=1)
        rows.append(
            (label, os.path.getsize(path), cosine, milliseconds(model, long_ids, long_mask))
        )

    print()
    print(f"{'':12} {'size':>9}   {'cosine with float32':>20}   {'1 x 128 tokens':>14}")
    for label, size, cosine, ms in rows:
        quality = f"{cosine.mean():.4f} (least {cosine.min():.4f})" if cosine is not None else ""
        speed = f"{ms:.2f} ms" if ms is not None else ""
        print(f"{label:12} {size / 1e6:6.1f} MB   {quality:>22}   {speed:>12}")


if __name__ == "__main__":
    main()
