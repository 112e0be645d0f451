"""Rows Q03, Q10, Q11: calibration data that does not fit the model, or is damaged.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import io
import json
import os
import shutil
import zipfile

import models
import numpy as np
import support
from harness import Case
from harness import row as row_of
from onnx import TensorProto, helper, numpy_helper

node = helper.make_node

K, N, VOCABULARY, POSITIONS = 64, 32, 50, 16
PRESET = "--pass-pipeline=llm-int8"


def text_model():
    """Ids and positions through a table each; the mask takes part, so that it stays."""
    rng = np.random.default_rng(1)
    ids = helper.TensorProto.INT64
    return models.make(
        [
            node("Gather", ["words", "input_ids"], ["e"]),
            node("Shape", ["input_ids"], ["length"], start=1, end=2),
            node("Slice", ["places", "zero", "length", "zero"], ["p"]),
            node("Add", ["e", "p"], ["a"]),
            node("Cast", ["attention_mask"], ["m"], to=TensorProto.FLOAT),
            node("Unsqueeze", ["m", "two"], ["m3"]),
            node("Mul", ["a", "m3"], ["b"]),
            node("MatMul", ["b", "w"], ["t"], name="first"),
            node("MatMul", ["t", "v"], ["y"], name="last"),
        ],
        [
            models.value("input_ids", ("batch", "length"), ids),
            models.value("attention_mask", ("batch", "length"), ids),
        ],
        [models.value("y", ("batch", "length", N))],
        [
            models.weight("words", rng.standard_normal((VOCABULARY, K), np.float32)),
            models.weight("places", rng.standard_normal((POSITIONS, K), np.float32)),
            models.weight("zero", np.zeros(1, np.int64)),
            models.weight("two", np.full(1, 2, np.int64)),
            models.weight("w", rng.standard_normal((K, N), np.float32)),
            models.weight("v", np.eye(N, dtype=np.float32)),
        ],
    )


def float_model():
    """x goes into a product as it comes."""
    rng = np.random.default_rng(1)
    return models.make(
        [
            node("Cast", ["attention_mask"], ["m"], to=TensorProto.FLOAT),
            node("ReduceSum", ["m"], ["count"], keepdims=0),
            node("MatMul", ["x", "w"], ["t"], name="first"),
            node("MatMul", ["t", "v"], ["s"], name="last"),
            node("Mul", ["s", "count"], ["y"]),
        ],
        [
            models.value("x", ("batch", "length", K)),
            models.value("attention_mask", ("batch", "length"), TensorProto.INT64),
        ],
        [models.value("y", ("batch", "length", N))],
        [models.weight("w", rng.standard_normal((K, N), np.float32)),
         models.weight("v", np.eye(N, dtype=np.float32))],
    )


def good(samples=4, length=8):
    ids = np.arange(samples * length, dtype=np.int64).reshape(samples, length) % VOCABULARY
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def save_npz(path, arrays):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in arrays.items():
            archive.writestr(name + ".npy", value if isinstance(value, bytes) else npy(value))


def case(row, name, codes, says, write, data="data.npz", make=text_model, then=None, flags=()):
    @row_of(row)
    def maker(directory):
        models.save(directory, make())
        write(os.path.join(directory, data))
        return Case(row, name, codes, flags=[PRESET, f"--calib={data}", *flags], says=says, then=then)

    return maker


def arrays_case(name, codes, says, change):
    """The good arrays, changed: as an archive and as a folder."""

    def arrays():
        result = good()
        change(result)
        return result

    def folder(path):
        os.mkdir(path)
        for key, value in arrays().items():
            with open(os.path.join(path, key + ".npy"), "wb") as file:
                file.write(value if isinstance(value, bytes) else npy(value))

    yield case("Q10", name, codes, says, lambda path: save_npz(path, arrays()))
    yield case("Q10", name + ", folder", codes, says, folder, data="data")


def set_value(name, index, value):
    return lambda arrays: arrays[name].__setitem__(index, value)


def replace(name, value):
    return lambda arrays: arrays.__setitem__(name, value(arrays[name]) if callable(value) else value)


def truncated(array):
    return npy(array)[:-9]


def bad_arrays():
    ids = "input_ids"
    yield from arrays_case("nothing is wrong", 0, None, lambda arrays: None)
    yield from arrays_case("one sample", 0, None, lambda arrays: arrays.update(good(samples=1)))
    yield from arrays_case("missing input", 1, "'input_ids'", lambda arrays: arrays.pop(ids))
    yield from arrays_case("mask missing: ones", 0, None, lambda arrays: arrays.pop("attention_mask"))
    yield from arrays_case("extra input", 1, "'input_idz'.*'input_ids'", replace("input_idz", np.zeros((4, 8), np.int64)))
    yield from arrays_case("wrong type", 1, f"{ids}.*float32.*int64", replace(ids, lambda a: a.astype(np.float32)))
    yield from arrays_case("wrong rank", 1, f"{ids}.*rank 3", replace(ids, lambda a: a[..., None]))
    yield from arrays_case("wrong shape", 1, "attention_mask.*'length'",
                           replace("attention_mask", np.ones((4, 7), np.int64)))
    yield from arrays_case("other number of samples", 1, "attention_mask.*(3 samples|holds 3)",
                           replace("attention_mask", np.ones((3, 8), np.int64)))
    yield from arrays_case("id beyond the vocabulary", 1, rf"{ids}.*sample 2.*\[0, 3\].*\b50\b.*\b50 entries",
                           set_value(ids, (2, 3), VOCABULARY))
    yield from arrays_case("negative id", 1, rf"{ids}.*sample 3.*\[0, 7\].*-1", set_value(ids, (3, 7), -1))
    yield from arrays_case("empty set", 1, "input_ids.*no samples|attention_mask.*no samples",
                           lambda arrays: arrays.update(good(samples=0)))
    yield from arrays_case("sequence above the maximum", 1, "sample 0.*(17|16)",
                           lambda arrays: arrays.update(good(length=POSITIONS + 1)))
    yield from arrays_case("big-endian", 1, f"{ids}.*big-endian", replace(ids, lambda a: a.astype(">i8")))
    yield from arrays_case("Fortran order", 1, f"{ids}.*Fortran", replace(ids, np.asfortranarray))
    yield from arrays_case("pickled", 1, f"{ids}.*pickled", replace(ids, lambda a: a.astype(object)))
    yield from arrays_case("truncated array", 1, ids, replace(ids, truncated))
    yield from arrays_case("no npy", 1, f"{ids}.*is not an npy file", replace(ids, b"hello"))


def bad_archives():
    def bomb(path):
        # Written in pieces: what this process holds counts for its children too.
        head = io.BytesIO()
        shape = {"descr": "<i8", "fortran_order": False, "shape": (1 << 14, 1 << 13)}
        np.lib.format.write_array_header_1_0(head, shape)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("attention_mask.npy", npy(np.ones((4, 8), np.int64)))
            with archive.open("input_ids.npy", "w", force_zip64=True) as member:
                member.write(head.getvalue())
                for _ in range(1 << 10):
                    member.write(bytes(1 << 20))

    def nested(path):
        inner = path + ".inner"
        save_npz(inner, good())
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(inner, "input_ids.npz")

    def cut(path):
        save_npz(path, good())
        os.truncate(path, os.path.getsize(path) // 2)

    def flipped(path):
        save_npz(path, {key: npy(value) for key, value in good(samples=40).items()})
        data = bytearray(open(path, "rb").read())
        data[90] ^= 0xFF
        with open(path, "wb") as file:
            file.write(data)

    yield case("Q10", "zip bomb", 1, "input_ids.*times", bomb)
    yield case("Q10", "npz of npz", 1, "input_ids.npz.*not an npy", nested)
    yield case("Q10", "truncated archive", 1, "data.npz", cut)
    yield case("Q10", "damaged archive", 1, "input_ids.*damaged|data.npz", flipped)
    yield case("Q10", "empty archive", 1, "data.npz", lambda path: save_npz(path, {}))
    yield case("Q10", "no archive", 1, "data.npz.*npz archive", lambda path: open(path, "wb").write(b"x" * 100))
    yield case("Q10", "missing file", 4, "data.npz", lambda path: None)
    yield case("Q10", "empty folder", 1, "data.*neither", os.mkdir, data="data")


def bad_tokens():
    def binary(ids, description):
        def write(path):
            np.asarray(ids, "<i4").tofile(path)
            if description is not None:
                with open(path[:-4] + ".json", "w") as file:
                    json.dump(description, file)

        return write

    ids = np.arange(40) % VOCABULARY
    flags = ["--calib-window=8"]
    yield case("Q10", "token ids", 0, None, binary(ids, {"vocab_size": VOCABULARY}), "ids.bin", flags=flags)
    yield case("Q10", "token ids without a description", 1, "ids.json", binary(ids, None), "ids.bin", flags=flags)
    yield case("Q10", "token id beyond the described vocabulary", 1, "ids.bin.*token 39 is 39.*39",
               binary(ids, {"vocab_size": 39}), "ids.bin", flags=flags)
    yield case("Q10", "token id beyond the model's vocabulary", 1, "ids.bin.*token 2 is 99.*50",
               binary([1, 2, 99, 3], {"vocab_size": 100}), "ids.bin", flags=flags)
    yield case("Q10", "negative token id", 1, "ids.bin.*token 1 is -5", binary([1, -5], {"vocab_size": 100}), "ids.bin")
    yield case("Q10", "no tokens", 1, "ids.bin", binary([], {"vocab_size": 100}), "ids.bin")
    yield case("Q10", "window above the maximum", 1, "ids.bin.*token 0.*(40|16)",
               binary(ids, {"vocab_size": VOCABULARY}), "ids.bin")
    for kind in (np.int32, np.int64):
        yield case("Q10", f"{kind.__name__} rows", 0, None,
                   lambda path, kind=kind: np.save(path, ids.reshape(5, 8).astype(kind)), "ids.npy")
    yield case("Q10", "float token ids", 1, "ids.npy.*float64", lambda path: np.save(path, ids * 1.0), "ids.npy")


def bad_test_data():
    def sets(change=lambda index, tensors: None, count=2):
        def write(path):
            for index in range(count):
                folder = os.path.join(path, f"test_data_set_{index}")
                os.makedirs(folder)
                tensors = [numpy_helper.from_array(value[:2, : 4 + index].copy(), name) for name, value in good().items()]
                change(index, tensors)
                for number, tensor in enumerate(tensors):
                    data = tensor if isinstance(tensor, bytes) else tensor.SerializeToString()
                    with open(os.path.join(folder, f"input_{number}.pb"), "wb") as file:
                        file.write(data)

        return write

    def second(change):
        return lambda index, tensors: change(tensors) if index == 1 else None

    def typed(tensors):
        """Values in fields instead of raw bytes."""
        for i, tensor in enumerate(tensors):
            array = numpy_helper.to_array(tensor)
            tensors[i] = helper.make_tensor(tensor.name, TensorProto.INT64, array.shape, array.ravel().tolist())

    yield case("Q10", "test data of a batch", 0, None, sets(second(typed)), "sets")
    yield case("Q10", "test data: too many inputs", 1, "test_data_set_1.input_2.pb.*2 inputs",
               sets(second(lambda tensors: tensors.append(tensors[0]))), "sets")
    yield case("Q10", "test data: wrong type", 1, "test_data_set_1.input_0.pb.*float64",
               sets(second(lambda tensors: tensors.__setitem__(0, numpy_helper.from_array(np.zeros((2, 5)))))), "sets")
    yield case("Q10", "test data: garbage", 1, "test_data_set_1.input_0.pb.*not an ONNX tensor",
               sets(second(lambda tensors: tensors.__setitem__(0, b"\xff" * 50))), "sets")
    yield case("Q10", "test data: truncated", 1, "test_data_set_1.input_0.pb",
               sets(second(lambda tensors: tensors.__setitem__(0, tensors[0].SerializeToString()[:-5]))), "sets")
    yield case("Q10", "test data: set without inputs", 1, "test_data_set_1.*input_0.pb",
               sets(second(lambda tensors: tensors.clear())), "sets")


def not_finite():
    def arrays(where):
        x = np.random.default_rng(2).standard_normal((4, 8, K)).astype(np.float32)
        mask = np.ones((4, 8), np.int64)
        mask[:, 6:] = 0
        for index in where:
            x[index] = np.nan if index[0] % 2 else np.inf
        return {"x": x, "attention_mask": mask}

    def left_out(count):
        def then(result, directory):
            text = f"{count} of 4 calibration samples were left out"
            assert (text in result.stderr) == (count > 0), result.stderr

        return then

    for name, where, count in (
        ("none", [], 0), ("masked", [(1, 7, 3), (2, 6, 0)], 0), ("some", [(1, 2, 3), (2, 0, 0)], 2)
    ):
        yield case("Q03", f"{name} not finite", 0, None, lambda path, where=where: save_npz(path, arrays(where)),
                   make=float_model, then=left_out(count))
    everywhere = [(i, 0, 0) for i in range(4)]
    yield case("Q03", "all not finite", 1, "all 4 samples", lambda path: save_npz(path, arrays(everywhere)), make=float_model)


def foreign_statistics():
    """Statistics of this model, given to one whose weights changed."""

    def maker_of(name, codes, says, flags, change):
        @row_of("Q11")
        def maker(directory):
            models.save(directory, float_model())
            save_npz(os.path.join(directory, "data.npz"), {
                "x": np.random.default_rng(2).standard_normal((4, 8, K)).astype(np.float32),
                "attention_mask": np.ones((4, 8), np.int64),
            })
            made = support.run(
                [support.QOPT, "model.onnx", "--calib=data.npz", "--save-calib=s.qcal", "--progress=none"], cwd=directory
            )
            assert made.code == 0, made.stderr
            change(directory)
            return Case("Q11", name, codes, flags=[PRESET, "--load-calib=s.qcal", *flags], says=says)

        return maker

    def other_weights(directory):
        model = float_model()
        weight = next(tensor for tensor in model.graph.initializer if tensor.name == "w")
        weight.CopyFrom(models.weight("w", numpy_helper.to_array(weight) * 2))
        models.save(directory, model)

    def damage(directory):
        path = os.path.join(directory, "s.qcal")
        os.truncate(path, os.path.getsize(path) - 100)

    def another_file(directory):
        shutil.copy(os.path.join(directory, "data.npz"), os.path.join(directory, "s.qcal"))

    yield maker_of("same model", 0, None, [], lambda directory: None)
    yield maker_of("weights changed", 1, "s.qcal.*another model.*--force", [], other_weights)
    yield maker_of("weights changed, --force", 0, None, ["--force"], other_weights)
    yield maker_of("damaged file", 1, "s.qcal", [], damage)
    yield maker_of("another kind of file", 1, "s.qcal", [], another_file)
    yield maker_of("missing file", (1, 4), "s.qcal", [], lambda directory: os.remove(os.path.join(directory, "s.qcal")))


def cases():
    yield from not_finite()
    yield from bad_arrays()
    yield from bad_archives()
    yield from bad_tokens()
    yield from bad_test_data()
    yield from foreign_statistics()
