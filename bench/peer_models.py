"""all-MiniLM-L6-v2 of bench/peers.py: qopt, ONNX Runtime, OpenVINO and IREE, float and
int8. A process per number of threads, which owns as many cores from its start.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import logging
import os
import sys

import numpy as np

import models
import timing

support = timing.support
sys.path.append(os.path.join(support.ROOT, "test", "Accuracy"))
WORK = models.WORK
SHAPES = ("1x16", "1x128", "8x128", "1x512")
OV_FLOAT, OV_INT8, IREE = "OpenVINO float", "OpenVINO NNCF int8", "IREE float"
INT8_PEERS = (models.ORT_INT8, OV_INT8)
FLOAT_PEERS = (models.ORT_FLOAT, OV_FLOAT)
CALIBRATION_SENTENCES = 128
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def openvino_call(model, inputs, threads, result="last_hidden_state"):
    """`model` is a path. Products that are not int8 are float32, as in the others."""
    import openvino

    compiled = openvino.Core().compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False})
    request = compiled.create_infer_request()
    for name, array in inputs.items():
        request.set_tensor(name, openvino.Tensor(np.ascontiguousarray(array)))

    def call():
        request.infer()
        return request.get_tensor(result).data

    call.keep = compiled
    return call


def nncf_model(model):
    """Quantized as its authors' preset for transformers does, on the sentences that qopt
    takes its lists of outliers from."""
    path = os.path.join(WORK, f"nncf-{CALIBRATION_SENTENCES}.xml")
    if not os.path.exists(path):
        import nncf
        import openvino

        logging.disable(logging.INFO)
        data = np.load(support.shared("minilm", "calib.npz"))
        samples = [{name: data[name][row : row + 1] for name in INPUTS} for row in range(CALIBRATION_SENTENCES)]
        quantized = nncf.quantize(openvino.Core().read_model(model), nncf.Dataset(samples),
                                  subset_size=CALIBRATION_SENTENCES, model_type=nncf.ModelType.TRANSFORMER)
        openvino.save_model(quantized, path, compress_to_fp16=False)
    return path


def iree_module(model, shape):
    """Compiled for this CPU and this shape, as it fails on dynamic ones; None, with the
    reason, where that fails too."""
    import onnx

    path = os.path.join(WORK, f"iree-minilm-{shape}.vmfb")
    if os.path.exists(path):
        return path
    fixed, text = path.replace(".vmfb", ".onnx"), path.replace(".vmfb", ".mlir")
    graph = onnx.load(model)
    for port in graph.graph.input:
        for dim, size in zip(port.type.tensor_type.shape.dim, map(int, shape.split("x"))):
            dim.dim_value = size
    onnx.save(onnx.shape_inference.infer_shapes(graph), fixed)
    for command in ([sys.executable, "-m", "iree.compiler.tools.import_onnx", fixed, "-o", text],
                    [sys.executable, "-m", "iree.compiler.tools.scripts.iree_compile", text, "-o", path + ".part",
                     "--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu",
                     "--iree-llvmcpu-target-cpu=host", "--iree-opt-data-tiling"]):
        result = support.run(command, timeout=300)
        if result.code:
            reason = next((line for line in result.stderr.splitlines() if "error:" in line), result.first_error)
            print(f"IREE is not measured at {shape}: {reason[:200]}")
            return None
    os.remove(fixed)
    os.remove(text)
    os.replace(path + ".part", path)
    return path


def iree_call(path, inputs):
    import iree.runtime

    config = iree.runtime.Config("local-sync")
    with open(path, "rb") as file:
        module = iree.runtime.VmModule.copy_buffer(config.vm_instance, file.read())
    loaded = iree.runtime.load_vm_module(module, config)
    function = getattr(loaded, loaded.vm_module.function_names[0].split("$")[0])
    buffers = [iree.runtime.asdevicearray(config.device, inputs[name]) for name in INPUTS]
    return lambda: np.asarray(function(*buffers))


def embedder(name, path):
    """The contender as a function of the inputs of one sentence."""
    if name.startswith("qopt"):
        import qopt

        return qopt.load(path)
    if name.startswith("OpenVINO"):
        import openvino

        compiled = openvino.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return lambda **inputs: {"last_hidden_state": compiled(inputs)["last_hidden_state"]}
    return models.zoo.reference(path)


def contenders():
    """name: path of what is run."""
    model = models.zoo.all_minilm()
    found = {name: path for name, path, _ in models.compile_all(model, None)}
    found |= {models.ORT_FLOAT: model, models.ORT_INT8: models.ort_int8_model(model),
              OV_FLOAT: model, OV_INT8: nncf_model(model)}
    return found


def call_of(name, path, arrays, threads):
    if name.startswith("qopt"):
        return models.qopt_call(path, arrays, threads, None)
    if name.startswith("OpenVINO"):
        return openvino_call(path, arrays, threads)
    return iree_call(path, arrays) if name == IREE else models.ort_call(path, arrays, threads)


def prepare(options):
    model = contenders()[models.ORT_FLOAT]
    for shape in SHAPES:
        iree_module(model, shape)


def runs(options):
    for threads in (1, 2):
        if threads <= len(timing.cores()) and options.threads in (0, threads):
            yield {}, ["--threads", str(threads)]


def key(row):
    return row["name"], row["shape"], row["threads"]


def order(row):
    return row["threads"], row["place"], SHAPES.index(row["shape"])


def measure(options):
    import sentences

    threads = options.threads
    os.sched_setaffinity(0, timing.cores()[:threads])
    paths = contenders()
    accuracy, rows = {}, []
    if threads == 1 and not options.only:
        for name, path in paths.items():
            accuracy[name] = sentences.measure(embedder(name, path))
            print(f"{name:24} cosine mean {accuracy[name][0]:.5f}, least {accuracy[name][1]:.5f}", flush=True)
    for shape in SHAPES:
        if options.only and options.only not in f"{shape} {threads}T":
            continue
        arrays = models.input_arrays(INPUTS, *map(int, shape.split("x")))
        here = dict(paths)
        # With more threads its scheduler of tasks is another program.
        if threads == 1 and (module := iree_module(paths[models.ORT_FLOAT], shape)):
            here[IREE] = module
        found = [timing.Contender(name, call_of(name, path, arrays, threads), threads)
                 for name, path in here.items()]
        expected = next(c for c in found if c.name == models.ORT_FLOAT).call()
        close = {c.name: models.least_cosine(c.call(), expected) for c in found}
        timing.measure(found, options.rounds)
        for place, c in enumerate(found):
            row = {"name": c.name, "place": place, "shape": shape, "threads": threads, "seconds": c.seconds(),
                   "waiting": c.waiting if threads == 1 and c.name.startswith("qopt") else 0,
                   "float": "int8" not in c.name and "w8a8" not in c.name, "close": close[c.name]}
            if shape == "1x128" and threads == 1 and c.name.startswith("qopt llm-int8"):
                row["outside"] = outside_products(paths[c.name], arrays)
            if c.name in accuracy:
                row["cosine"] = accuracy[c.name]
            rows.append(row)
            print(f"{shape} {threads}T {c.name:24} {1e3 * c.seconds():8.2f} ms, cosine {close[c.name]:.4f}", flush=True)
    return rows


def outside_products(path, arrays):
    """Share of a run in which no matrix product is computed."""
    import qopt

    model = qopt.load(path, num_threads=1)
    model(arrays)
    shares = []
    for _ in range(20):
        with model.profile() as events:
            model(arrays)
        whole = max(event.end - event.begin for event in events)
        products = sum(event.end - event.begin for event in events if event.kind == "kernel" and event.operations)
        shares.append(1 - products / whole)
    return float(np.median(shares))


def seconds_of(rows):
    return {(row["name"], row["shape"], row["threads"]): row["seconds"] for row in rows}


def bounds(verdicts, rows):
    seconds = seconds_of(rows)
    names = list(dict.fromkeys(row["name"] for row in rows))
    int8 = [name for name in names if name.startswith("qopt llm-int8")][-1]
    for shape, threads in dict.fromkeys((row["shape"], row["threads"]) for row in rows):
        def fastest(these):
            return min(seconds[name, shape, threads] for name in these)

        label = f"{shape}, {threads}T"
        mine = seconds[int8, shape, threads]
        verdicts.add(f"{label}: best int8 peer / {int8}", fastest(INT8_PEERS) / mine, 1.5, True)
        fp32 = seconds["qopt fp32", shape, threads]
        verdicts.add(f"{label}: best float peer / qopt fp32", fastest(FLOAT_PEERS) / fp32, 1.0, True)
        for name in names:
            if name.startswith("qopt") and name != "qopt fp32":
                verdicts.add(f"{label}: float / {name}", fp32 / seconds[name, shape, threads], 1.0, True)
    for name in ("qopt fp32", int8):
        if (name, "8x128", 2) in seconds and (name, "8x128", 1) in seconds:
            verdicts.add(f"8x128: {name}, 1 / 2 threads", seconds[name, "8x128", 1] / seconds[name, "8x128", 2], 1.7, True)
    for row in rows:
        if row["name"] == int8 and "outside" in row:
            verdicts.add(f"{row['shape']}: {int8}, time not in products", row["outside"], 0.35, False)
    cosine = {row["name"]: row["cosine"] for row in rows if "cosine" in row}
    if int8 in cosine:
        best = max(cosine[name][0] for name in INT8_PEERS)
        verdicts.add(f"{int8}: (1 - cosine of the best int8 peer) / (1 - cosine)", (1 - best) / (1 - cosine[int8][0]), 1.0, True)


def table(rows):
    seconds = seconds_of(rows)
    cosine = {row["name"]: row["cosine"] for row in rows if "cosine" in row}
    columns = list(dict.fromkeys((row["shape"], row["threads"]) for row in rows))
    lines = []
    for name in dict.fromkeys(row["name"] for row in rows):
        cells = [f"{1e3 * seconds[name, *column]:.2f}" if (name, *column) in seconds else "" for column in columns]
        lines.append([name, *cells, *(f"{value:.5f}" for value in cosine.get(name, ()))] + [""] * (2 - len(cosine.get(name, ()))))
    return timing.table(["all-MiniLM-L6-v2, ms"] + [f"{shape}{'' if threads == 1 else f', {threads}T'}"
                        for shape, threads in columns] + ["cosine, mean", "least"], lines)
