# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of the arrays for types of less than a byte and 8-bit floats."""

import unittest

import numpy as np

from qopt import _abi, _arrays, _small


def owner_bytes(tensor, keep):
    """The memory that a DLTensor over `keep` refers to."""
    return np.ascontiguousarray(keep[0]).reshape(-1).view(np.uint8)


class SmallTest(unittest.TestCase):

    def test_packed_in_the_order_of_onnx(self):
        self.assertEqual(list(_small.pack(np.array([1, 2, 15], np.uint8), 4)),
                         [0x21, 0x0F])
        self.assertEqual(list(_small.pack(np.array([1, 2, 3, 0, 2], np.uint8), 2)),
                         [0b00111001, 0b10])
        self.assertEqual(_small.pack(np.zeros(0, np.uint8), 4).size, 0)

    def test_unpacked_with_sign(self):
        packed = np.array([0xF1, 0x08], np.uint8)
        result = _small.unpack(packed, (3,), "int4")
        np.testing.assert_array_equal(result.astype(np.int32), [1, -1, -8])
        result = _small.unpack(packed, (1, 3), "uint4")
        np.testing.assert_array_equal(result.astype(np.int32), [[1, 15, 8]])

    def test_every_type_goes_there_and_back(self):
        for name, (code, bits) in _small.TYPES.items():
            for shape in ((), (0, 3), (5,), (3, 7)):
                codes = np.arange(np.prod(shape, dtype=int)) % (1 << bits)
                array = _small.unpack(
                    _small.pack(codes.astype(np.uint8), bits) if bits < 8 else
                    codes.astype(np.uint8), shape, name)
                tensor, keep = _arrays.to_tensor(array, name)
                self.assertEqual((tensor.dtype.code, tensor.dtype.bits),
                                 (code, bits))
                self.assertEqual(tuple(tensor.shape[i]
                                       for i in range(tensor.ndim)), shape)
                data = owner_bytes(tensor, keep)
                if bits < 8:
                    self.assertFalse(tensor.strides)
                again = _small.unpack(data, shape, name)
                np.testing.assert_array_equal(again.view(np.uint8),
                                              array.view(np.uint8))

    def test_integers_of_a_byte_are_checked(self):
        tensor, keep = _arrays.to_tensor(np.array([-8, 7], np.int8), "int4")
        self.assertEqual(list(owner_bytes(tensor, keep)), [0x78])
        self.assertEqual(tensor.dtype.code, _abi.INT)
        with self.assertRaisesRegex(ValueError, "-8 to 7"):
            _arrays.to_tensor(np.array([8], np.int8), "int4")
        with self.assertRaisesRegex(ValueError, "0 to 3"):
            _arrays.to_tensor(np.array([4], np.uint8), "uint2")


if __name__ == "__main__":
    unittest.main()
