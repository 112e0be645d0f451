"""Arrays and ONNX tensors for qopt-run.test, in the current folder."""

import os

import numpy as np

x = np.arange(6, dtype=np.float32).reshape(2, 3)
np.save("x.npy", x)
np.save("far.npy", x * 1000)
np.save("mask.npy", np.ones((2, 5), bool))
np.save("mask32.npy", np.ones((2, 5), np.float32))
np.save("mode.npy", np.array(3))
np.save("fail.npy", np.array(-1))
near = x + 1
near[0, 0] += 0.001
np.save("near.npy", near)


def varint(value):
    result = b""
    while value > 127:
        result += bytes([value & 127 | 128])
        value >>= 7
    return result + bytes([value])


def tensor(array):
    """A TensorProto: dims (1), data_type (2), raw_data (9)."""
    types = {"float32": 1, "int64": 7, "bool": 9, "float16": 10}
    array = np.asarray(array)
    result = b"".join(b"\x08" + varint(dim) for dim in array.shape)
    result += b"\x10" + varint(types[array.dtype.name])
    data = array.tobytes()
    return result + b"\x4a" + varint(len(data)) + data


def data_set(folder, y):
    os.makedirs(folder)
    arrays = {"input": [x, np.ones((2, 5), bool), np.array(3)],
              "output": [y, np.array([2, 2]),
                         np.arange(6, dtype=np.float32).reshape(3, 2), np.float16(6)]}
    for kind, values in arrays.items():
        for i, value in enumerate(values):
            with open(f"{folder}/{kind}_{i}.pb", "wb") as file:
                file.write(tensor(value))


data_set("sets/test_data_set_0", x + 1)
data_set("sets/test_data_set_1", near)
data_set("damaged", x)
with open("damaged/input_0.pb", "wb") as file:
    file.write(b"\x08\xff")
