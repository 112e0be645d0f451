"""The plan as a file: --emit-plan and --plan.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import functools
import hashlib
import json
import os

import models
import support

ISA = "--isa=avx2"


def compile(directory, *flags, code=0, model="model.onnx", says=""):
    """Runs qopt in `directory`; its first error line."""
    result = support.run([support.QOPT, model, *flags, "--progress=none"], cwd=directory)
    assert result.code == code, f"exit {result.code}, not {code}: {result.stderr[-600:]}"
    assert says in result.stderr, f"'{says}' is not in: {result.stderr[-600:]}"
    return result


def prepare(directory, **options):
    models.build(os.path.join(directory, "model.onnx"), **options)
    models.samples(os.path.join(directory, "calib.npz"))


def digest(directory, name):
    with open(os.path.join(directory, name), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def read(directory, name="plan.json"):
    with open(os.path.join(directory, name)) as file:
        return json.load(file)


def write(directory, document, name="plan.json"):
    with open(os.path.join(directory, name), "w") as file:
        json.dump(document, file)


def layer(document, name):
    return next(entry for entry in document["layers"] if entry["name"] == name)


CALIB = "--calib=calib.npz"
# Preset, flags of the first compile, and flags that the second one needs too.
ROUND_TRIPS = {
    "w8a8": ("w8a8", [], []),
    "w8a16": ("w8a16", [], []),
    "dynamic": ("llm-int8", [], []),
    "static_without_data_again": ("llm-int8", [CALIB], []),
    "static_with_data_again": ("llm-int8", [CALIB], [CALIB]),
    "float_weights": ("llm-int8{float-weights=f32}", ["--keep=layers.1=f16"], []),
    "rules": ("w8a8", ["--keep=first,last", "--quantize=lm_head=w8a8", "--float-weights=f32"], []),
    "static_ranges": ("w8a8{activations=static observer=mse}", [CALIB], []),
    "smoothed": ("smoothquant-int8", [CALIB], [CALIB]),
    "alpha_auto": ("smoothquant-int8{alpha=auto}", [CALIB], [CALIB]),
}


def round_trip(label, directory):
    preset, first, again = ROUND_TRIPS[label]
    prepare(directory)
    compile(directory, f"--pass-pipeline={preset}", *first, ISA, "--emit-plan=plan.json", "-o", "a.so")
    compile(directory, "--plan=plan.json", *again, ISA, "--emit-plan=again.json", "-o", "b.so")
    assert digest(directory, "a.so") == digest(directory, "b.so"), "the libraries differ"
    for name in ("calibration", "smoothing"):
        before, after = read(directory), read(directory, "again.json")
        before.pop(name, None), after.pop(name, None)
    assert [e["scheme"] for e in before["layers"]] == [e["scheme"] for e in after["layers"]]


def round_trips():
    for label in ROUND_TRIPS:
        test = functools.partial(round_trip, label)
        test.__name__ = "round_trip_" + label
        yield test


def says_everything(directory):
    prepare(directory)
    compile(directory, "--pass-pipeline=llm-int8", CALIB, "--dry-run", "--emit-plan=plan.json")
    document = read(directory)
    assert document["qopt_plan"] == 1
    assert document["model_sha256"] == digest(directory, "model.onnx")
    assert document["pipeline"] == "llm-int8" and document["float_weights"] == "f16"
    assert document["calibration"]["samples"] == 6
    fc1 = layer(document, "/model/layers.0/mlp/fc1/MatMul")
    assert (fc1["op"], fc1["k"], fc1["n"]) == ("onnx.MatMul", models.WIDTH, models.INNER)
    assert fc1["scheme"] == "llm-int8{mode=static}" and fc1["outliers"] == [3, 40], fc1
    assert fc1["bytes_before"] == 4 * 64 * 128 and fc1["bytes_after"] == 64 * 128 + 4 * 128 + 2 * 2 * 128
    head = layer(document, "/lm_head/MatMul")
    assert head["scheme"] == "fp32" and head["reason"] == "last projection"
    assert document["summary"]["quantized"] == 6 and document["summary"]["kept"] == 3


def edits_do_what_they_say(directory):
    prepare(directory)
    compile(directory, "--pass-pipeline=llm-int8", CALIB, "--dry-run", "--emit-plan=plan.json")
    document = read(directory)
    layer(document, "/model/layers.0/mlp/fc1/MatMul")["outliers"] = [7, 1]
    layer(document, "/model/layers.1/mlp/fc1/MatMul").update(scheme="w8a16{weights=group:32}")
    layer(document, "/model/layers.1/mlp/fc1/MatMul").pop("outliers")
    layer(document, "/model/layers.2/mlp/fc1/MatMul").update(keep=True, storage="f32")
    layer(document, "/lm_head/MatMul").update(scheme="w8a8")
    # What is missing takes the preset.
    document["layers"].remove(layer(document, "/model/layers.2/mlp/fc2/MatMul"))
    write(directory, document)
    compile(directory, "--plan=plan.json", "--dry-run", "--emit-plan=after.json")
    after = read(directory, "after.json")
    assert layer(after, "/model/layers.0/mlp/fc1/MatMul")["outliers"] == [1, 7]
    assert layer(after, "/model/layers.1/mlp/fc1/MatMul")["scheme"] == "w8a16{weights=group:32}"
    kept = layer(after, "/model/layers.2/mlp/fc1/MatMul")
    assert (kept["scheme"], kept["storage"]) == ("fp32", "f32") and "plan file" in kept["reason"]
    assert layer(after, "/lm_head/MatMul")["scheme"] == "w8a8"
    assert layer(after, "/model/layers.2/mlp/fc2/MatMul")["scheme"] == "llm-int8{mode=dynamic}"
    # A rule on the command line comes before the file.
    compile(directory, "--plan=plan.json", "--keep=layers.0", "--dry-run", "--emit-plan=after.json")
    assert layer(read(directory, "after.json"), "/model/layers.0/mlp/fc1/MatMul")["scheme"] == "fp32"
    compile(directory, "--plan=plan.json", "--pass-pipeline=w8a8", "--dry-run", "--emit-plan=after.json")
    assert layer(read(directory, "after.json"), "/model/layers.2/mlp/fc2/MatMul")["scheme"] == "w8a8"


def refuses_what_it_cannot_mean(directory):
    prepare(directory)
    compile(directory, "--pass-pipeline=llm-int8", CALIB, "--dry-run", "--emit-plan=good.json")
    fc1 = "/model/layers.0/mlp/fc1/MatMul"

    def refused(says, **fields):
        document = read(directory, "good.json")
        layer(document, fc1).update(fields)
        write(directory, document)
        compile(directory, "--plan=plan.json", "--dry-run", code=1, says=says)

    refused("unknown field 'outlier'; did you mean 'outliers'?", outlier=[1])
    refused("has no layer '/model/layers.0/mlp/fc1/MatMull'; did you mean '" + fc1 + "'?", name=fc1 + "l")
    refused("unknown scheme 'llmint8'", scheme="llmint8")
    refused("'outliers' goes with llm-int8{mode=static}", scheme="w8a8")
    refused("outlier column 64 of 64", outliers=[64])
    refused("all 64 columns are outliers", outliers=list(range(64)))
    refused("names a column twice", outliers=[1, 1])
    refused("'alpha' is a number from 0 to 1", alpha=1.5)
    refused("'storage' is f16 or f32", storage="f8")
    refused("'keep' is neither true nor false", keep="yes")
    refused("it is there twice", name="/model/layers.1/mlp/fc1/MatMul")
    document = read(directory, "good.json")
    for says, change in (
        ("unknown field 'pipline'; did you mean 'pipeline'?", {"pipline": "w8a8"}),
        ("is a version that this qopt does not know", {"qopt_plan": 2}),
        ("the plan belongs to another model", {"model_sha256": "0" * 64}),
    ):
        write(directory, {**document, **change})
        compile(directory, "--plan=plan.json", "--dry-run", code=1, says=says)
    # Its layers are those of this one.
    compile(directory, "--plan=plan.json", "--dry-run", "--force")
    with open(os.path.join(directory, "plan.json"), "w") as file:
        file.write("{")
    compile(directory, "--plan=plan.json", "--dry-run", code=1, says="is not JSON")
    compile(directory, "--plan=none.json", "--dry-run", code=1, says="none.json: cannot be read")
    compile(directory, "--emit-plan=plan.json", "--dry-run", code=2, says="need a preset that quantizes")


def a_failure_leaves_the_old_files(directory):
    prepare(directory)
    for name in ("plan.json", "r.html", "r.json"):
        with open(os.path.join(directory, name), "w") as file:
            file.write("old")
    flags = ["--pass-pipeline=w8a8", "--emit-plan=plan.json", "--report=r.html", "--report-json=r.json"]
    compile(directory, *flags, "--time-limit=1", "--dim=rows=0", "--keep=nothing", "-o", "a.so", code=1)
    for name in ("plan.json", "r.html", "r.json"):
        with open(os.path.join(directory, name)) as file:
            assert file.read() == "old", name
    compile(directory, *flags[:2], "-o", "plan.json", code=2, says="two files have the path plan.json")
    compile(directory, *flags[:1], "--emit-plan=none/plan.json", "--dry-run", code=4, says="none/plan.json")
    assert sorted(os.listdir(directory)) == ["calib.npz", "model.onnx", "plan.json", "r.html", "r.json"]


def keeps_blocks(directory):
    prepare(directory, blocks=4)
    compile(directory, "--pass-pipeline=w8a8", "--keep=first,last", "--dry-run", "--emit-plan=plan.json")
    kept = {e["name"].split("/")[2] for e in read(directory)["layers"] if "rule" in e.get("reason", "")}
    assert kept == {"layers.0", "layers.3"}, kept
    prepare(directory, names=[f"node_{i}" for i in range(20)], blocks=4)
    # Names of nodes say nothing, those of weights do.
    compile(directory, "--pass-pipeline=w8a8", "--keep=last", "--dry-run", "--emit-plan=plan.json")
    kept = [e["name"] for e in read(directory)["layers"] if "rule" in e.get("reason", "")]
    assert kept == ["node_6", "node_7"], kept
    prepare(directory, blocks=1)
    compile(directory, "--pass-pipeline=w8a8", "--keep=last", "--dry-run", code=1, says="count repeated blocks")


def fits_a_terminal(directory):
    prepare(directory)
    table = compile(directory, "--pass-pipeline=smoothquant-int8", CALIB, "--dry-run").stdout
    wide = [line for line in table.splitlines() if len(line) > 100]
    assert not wide, wide[0]


TESTS = [says_everything, *round_trips(), edits_do_what_they_say, refuses_what_it_cannot_mean,
         a_failure_leaves_the_old_files, keeps_blocks, fits_a_terminal]
