"""Decoders of bench/peers.py: a GPT-2 of 124 M parameters and a stack of eight layers of
the 1-B class of Llamas, 2,048 wide, both with random weights and a cache; prompts that are
read at once, and single tokens behind a past.

Everybody runs the same ONNX file with past and present caches. qopt's libraries keep
caches in place (--kv=inplace), as its users would. The head is the largest product: int8
as in the peers, only its weights int8, or float. Peers get their int8 forms from their
own tools.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import ctypes
import logging
import os
import sys

import numpy as np

import decoder
import gpt2
import kernels
import models
import peer_calls
import peer_models
import timing

support = timing.support
WORK = models.WORK
MODELS = {"gpt2": (gpt2.write, lambda: gpt2.parser().parse_args([])),
          "llama": (decoder.write, lambda: decoder.parse(decoder.LLAMA))}
# Rounds of the larger model at most: calls take up to seconds, far longer than a batch.
LLAMA_ROUNDS = 3
# New tokens, past.
CASES = {"prefill 128": (128, 0), "prefill 512": (512, 0), "decode at 128": (1, 128), "decode at 1024": (1, 1024)}
ROOM = 1152  # tokens that a cache in place has room for
W8A8 = "--pass-pipeline=w8a8"
QOPT = {"qopt fp32": [],
        "qopt w8a8": [W8A8, "--quantize=lm_head=w8a8"],
        "qopt w8a8, w8a16 head": [W8A8, "--quantize=lm_head=w8a16"],
        "qopt w8a8, float head": [W8A8]}
INT8_PEERS = ("ORT dynamic int8", "OpenVINO NNCF int8", "OpenVINO int8 weights")
LEAST_COSINE = {"qopt fp32": 0.9999}  # of others 0.98


def model(name):
    path = os.path.join(WORK, name + ".onnx")
    if not os.path.exists(path):
        write, options = MODELS[name]
        write(path, options())
    return path


def arrays(ports, new, past):
    """Named inputs; `ports` are (name, shape) with symbols for what changes."""
    rng = np.random.default_rng(0)
    found = {"input_ids": rng.integers(0, 30000, (1, new)), "attention_mask": np.ones((1, new + past), np.int64),
             "position_ids": np.arange(past, past + new)[None].copy()}
    for name, shape in ports:
        if name.startswith("past_key_values"):
            found[name] = rng.standard_normal((1, shape[1], past, shape[3]), np.float32)
    return found


def qopt_call(path, given, past, threads):
    """With room in the caches where they stay in place, with the memory of the outputs and
    with a copy of the weights, as peers have theirs."""
    import qopt
    from qopt import _arrays

    library = qopt.load(path, num_threads=threads, own_weights=True)
    inputs = dict(given)
    if "past_length" in {port.name for port in library.inputs}:
        for name in [name for name in inputs if name.startswith("past_key_values")]:
            old = inputs[name]
            inputs[name] = np.zeros((1, old.shape[1], ROOM, old.shape[3]), np.float32)
            inputs[name][:, :, :past] = old
        inputs["past_length"] = np.array([past])
    shapes = library.infer_shapes(inputs)
    outputs = [np.empty(shapes[port.name], port.dtype) for port in library.outputs]
    ins, alive = library._tensors(inputs)
    wrapped = [_arrays.to_tensor(array, port.dtype) for array, port in zip(outputs, library.outputs)]
    outs = (type(wrapped[0][0]) * len(wrapped))(*(tensor for tensor, _ in wrapped))
    run, handle, text = library._api.run, library._handle, ctypes.create_string_buffer(256)
    logits = outputs[[port.name for port in library.outputs].index("logits")]

    def call():
        if run(handle, ins, len(ins), outs, len(outs), text, 256):
            raise RuntimeError(text.value.decode())
        return logits

    call.keep = (library, inputs, alive, wrapped)
    return call


def ort_call(path, given, threads):
    call = peer_calls.bound_call(path, given, threads)

    def run():
        call()
        return call.outputs()[0]

    return run


def ort_int8(name):
    path = os.path.join(WORK, f"{name}-ort-int8.onnx")
    if not os.path.exists(path):
        from onnxruntime.quantization import quantize_dynamic

        quantize_dynamic(model(name), path, per_channel=True, use_external_data_format=True)
    return path


def openvino_int8(name, kind):
    """NNCF's products of int8 by int8, or int8 weights alone, which OpenVINO multiplies
    with rows that it quantizes in groups. Random weights need no care for accuracy, so
    the correction of biases, which takes minutes, is left out."""
    path = os.path.join(WORK, f"{name}-{kind}.xml")
    if not os.path.exists(path):
        import nncf
        import openvino

        logging.disable(logging.INFO)
        source = openvino.Core().read_model(model(name))
        if kind == "weights":
            result = nncf.compress_weights(source, mode=nncf.CompressWeightsMode.INT8_SYM)
        else:
            ports = [(port.get_any_name(), [1 if dim.is_dynamic else dim.get_length() for dim in port.partial_shape])
                     for port in source.inputs]
            samples = nncf.Dataset([arrays(ports, 32, 32)])
            result = nncf.quantize(source, samples, subset_size=1, model_type=nncf.ModelType.TRANSFORMER,
                                   advanced_parameters=nncf.AdvancedQuantizationParameters(disable_bias_correction=True))
        openvino.save_model(result, path, compress_to_fp16=False)
    return path


def paths(name):
    found = {}
    for label, flags in QOPT.items():
        path = os.path.join(WORK, f"{name}-{label.removeprefix('qopt ').replace(', ', '-').replace(' ', '-')}.so")
        took = timing.compiled(model(name), path, "--kv=inplace", *flags)
        print(f"{name} {label}: {os.path.getsize(path) / 1e6:.0f} MB, compiled in {took:.0f} s", flush=True)
        found[label] = path
    found["ORT float"] = found["OpenVINO float"] = model(name)
    for label, make in (("ORT dynamic int8", lambda: ort_int8(name)),
                        ("OpenVINO NNCF int8", lambda: openvino_int8(name, "nncf")),
                        ("OpenVINO int8 weights", lambda: openvino_int8(name, "weights"))):
        try:
            found[label] = make()
        except RuntimeError as error:
            print(f"{name}: {label} is not measured: {str(error)[:300]}", flush=True)
    return found


def call_of(label, path, given, past, threads):
    if label.startswith("qopt"):
        return qopt_call(path, given, past, threads)
    if label.startswith("ORT"):
        return ort_call(path, given, threads)
    return peer_models.openvino_call(path, given, threads, "logits")


def cosine(found, want):
    found, want = (np.asarray(value, np.float64).ravel() for value in (found, want))
    return float(found @ want / np.linalg.norm(found) / np.linalg.norm(want))


def read_bytes(name, label, past):
    """What a token must read at least: every weight of a product once, the caches once."""
    options = MODELS[name][1]()
    width, groups = options.width, getattr(options, "kv_heads", options.heads)
    inner = getattr(options, "inner", 4 * width)
    size = width // options.heads
    layers = options.layers * (width * (2 * width + 2 * groups * size) + (3 if name == "llama" else 2) * width * inner)
    head = width * options.vocabulary
    caches = options.layers * 2 * groups * size * past * 4
    if label == "qopt fp32":
        return 4 * (layers + head) + caches
    return layers + head * (2 if "float head" in label else 1) + caches


def prepare(options):
    for name in MODELS:
        if not options.only or options.only in name:
            paths(name)


def runs(options):
    for name in MODELS:
        if not options.only or any(options.only in f"{name} {case}" for case in CASES):
            yield {}, ["--isa", name]


def key(row):
    return row["model"], row["case"], row["name"]


def order(row):
    return list(MODELS).index(row["model"]), list(CASES).index(row["case"]), row["place"]


def measure(options):
    import onnx

    name = options.isa  # of the model: a process has one
    os.sched_setaffinity(0, timing.cores()[:1])
    sys.stdout.reconfigure(line_buffering=True)
    files = paths(name)
    ports = [(port.name, [dim.dim_value for dim in port.type.tensor_type.shape.dim])
             for port in onnx.load(model(name), load_external_data=False).graph.input]
    peaks = kernels.peak_library()
    rounds = min(options.rounds, LLAMA_ROUNDS) if name == "llama" else options.rounds
    rows = []
    for case, (new, past) in CASES.items():
        if options.only and options.only not in f"{name} {case}":
            continue
        # There a call takes seconds.
        if options.quick and name == "llama" and new == 512:
            continue
        given = arrays(ports, new, past)
        found, close, expected = [], {}, None
        for label in ["ORT float"] + [label for label in files if label != "ORT float"]:
            contender = timing.Contender(label, call_of(label, files[label], given, past, 1))
            value = np.array(contender.call()[0, -1])
            expected = value if expected is None else expected
            close[label] = cosine(value, expected)
            if label.startswith("qopt") and close[label] < LEAST_COSINE.get(label, 0.98):
                raise RuntimeError(f"{name} {case}: {label} has cosine {close[label]} with float")
            found.append(contender)
        loop = {}
        if new == 1:
            for label in QOPT:
                size = read_bytes(name, label, past)
                buffer = peaks.readBuffer(size)
                loop[label] = timing.Contender("read", lambda b=buffer, s=size: peaks.readPlain(b, s))
                loop[label].buffer = buffer
        timing.measure(found + list(loop.values()), rounds)
        for place, c in enumerate(found):
            row = {"model": name, "case": case, "name": c.name, "place": place, "seconds": c.seconds(),
                   "cosine": close[c.name], "tokens": new,
                   "waiting": c.waiting if c.name.startswith("qopt") else 0}
            if c.name in loop:
                row["read"] = loop[c.name].seconds()
                row["bytes"] = read_bytes(name, c.name, past)
                peaks.readFree(loop[c.name].buffer)
            rows.append(row)
            print(f"{name} {case} {c.name:24} {1e3 * c.seconds():9.2f} ms, cosine {close[c.name]:.4f}"
                  + (f", {row['read'] / c.seconds():.0%} of the read" if "read" in row else ""))
    return rows


def bounds(verdicts, rows):
    found = {(row["model"], row["case"], row["name"]): row for row in rows}
    for name, case in dict.fromkeys((row["model"], row["case"]) for row in rows):
        def seconds(label):
            return found[name, case, label]["seconds"]

        label = f"{name}, {case}"
        # Of one row the weights of the head are all that counts.
        least, best = (1.5, "qopt w8a8") if "prefill" in case else (1.1, "qopt w8a8, w8a16 head")
        peer = min(seconds(each) for each in INT8_PEERS if (name, case, each) in found)
        mine, fp32 = seconds(best), seconds("qopt fp32")
        verdicts.add(f"{label}: best int8 peer / {best}", peer / mine, least, True)
        for int8 in QOPT:
            if int8 != "qopt fp32":
                verdicts.add(f"{label}: float / {int8}", fp32 / seconds(int8), 1.0, True)
        if "decode" in case:
            row = found[name, case, best]
            verdicts.add(f"{label}: share of a plain read", row["read"] / mine, 0.85, True)
            half, whole = (found[name, case, each] for each in ("qopt w8a8, float head", "qopt fp32"))
            gain = whole["bytes"] / half["bytes"]
            verdicts.add(f"{label}: float head, speed over float / ratio of bytes",
                         fp32 / half["seconds"] / gain, 0.85, True)


def table(rows):
    parts = []
    for name in dict.fromkeys(row["model"] for row in rows):
        mine = [row for row in rows if row["model"] == name]
        cases = list(dict.fromkeys(row["case"] for row in mine))
        found = {(row["case"], row["name"]): row for row in mine}
        lines = []
        for label in dict.fromkeys(row["name"] for row in mine):
            cells = [label]
            for case in cases:
                row = found.get((case, label))
                text = f"{row['tokens'] / row['seconds']:.1f}" if row else ""
                if row and "read" in row:
                    text += f" ({row['read'] / row['seconds']:.0%})"
                cells.append(text)
            cells.append(f"{min(row['cosine'] for row in mine if row['name'] == label):.4f}")
            lines.append(cells)
        title = {"gpt2": "GPT-2, 124 M", "llama": "Llama stack, 2,048 wide, 8 layers"}[name]
        parts.append(timing.table([title + ", tokens per second (share of the read)", *cases, "least cosine"], lines))
    return "\n\n".join(parts)
