# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of the module on the hand-written model of unittests/Runtime.

The environment variable QOPT_FAKE_MODEL names its library.
"""

import gc
import os
import tempfile
import unittest

import numpy as np

import qopt

FAKE = os.environ["QOPT_FAKE_MODEL"]


def arguments(batch=2, length=3, past=2, mode=0):
    x = np.arange(batch * length, dtype=np.float32).reshape(batch, length)
    return {"x": x, "mask": np.ones((batch, past + length), bool),
            "mode": np.array(mode, np.int64)}


class ModelTest(unittest.TestCase):

    def setUp(self):
        self.model = qopt.load(FAKE, num_threads=2)
        self.addCleanup(self.model.close)

    def refuse(self, text, **changes):
        with self.assertRaises(qopt.Error) as caught:
            self.model(**{**arguments(), **changes})
        self.assertIn(text, str(caught.exception))

    def test_outputs_by_name(self):
        given = arguments()
        result = self.model(**given)
        self.assertEqual(list(result), ["y", "count", "tail", "total"])
        np.testing.assert_array_equal(result["y"], given["x"] + 1)
        np.testing.assert_array_equal(result["count"], [2, 2])
        self.assertEqual(result["total"].dtype, np.float16)
        self.assertEqual(result["total"].shape, ())
        self.assertEqual(result["total"], 6)

    def test_size_that_depends_on_data(self):
        result = self.model(arguments(mode=3))
        self.assertEqual(result["tail"].shape, (3, 2))
        self.assertEqual(self.model(arguments())["tail"].shape, (0, 2))

    def test_strided_and_empty_inputs(self):
        x = np.arange(24, dtype=np.float32).reshape(4, 6)
        result = self.model(arguments(), x=x.T[::-3, :3])
        np.testing.assert_array_equal(result["y"], x.T[::-3, :3] + 1)
        result = self.model(arguments(batch=0))
        self.assertEqual(result["y"].shape, (0, 3))

    def test_file_written_again_while_its_library_is_open(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.so")
            with open(FAKE, "rb") as file:
                content = file.read()
            for name in (b'"count"', b'"other"'):
                with open(path + ".new", "wb") as file:
                    file.write(content.replace(b'"count"', name))
                os.replace(path + ".new", path)
                model = qopt.load(path)
                self.addCleanup(model.close)
                self.assertEqual(model.outputs[1].name, name.decode().strip('"'))

    def test_lists_get_the_type_of_the_input(self):
        result = self.model(x=[[1, 2]], mask=[[True] * 4], mode=1)
        np.testing.assert_array_equal(result["y"], [[2, 3]])

    def test_other_byte_order(self):
        given = arguments()
        given["x"] = given["x"].astype(">f4")
        np.testing.assert_array_equal(self.model(given)["y"], given["x"] + 1)

    def test_outputs_outlive_the_model(self):
        result = self.model(arguments(mode=3))
        self.model.close()
        gc.collect()
        np.testing.assert_array_equal(result["tail"], [[0, 1], [2, 3], [4, 5]])
        with self.assertRaisesRegex(ValueError, "closed"):
            self.model(arguments())

    def test_refusals_carry_the_text(self):
        self.refuse("input 'x': expected float32[batch, length], got float64",
                    x=np.zeros((2, 3)))
        self.refuse("'batch' is 2 by dim 0 of input 'x'",
                    mask=np.ones((3, 5), bool))
        self.refuse("mode -1 is refused (42)", mode=np.array(-1))
        np.testing.assert_array_equal(self.model(arguments())["count"], [2, 2])

    def test_names(self):
        with self.assertRaisesRegex(TypeError, "did you mean 'mask'"):
            self.model(arguments(), masc=1)
        with self.assertRaisesRegex(TypeError, "missing input 'x'"):
            self.model(mask=1, mode=1)

    def test_options(self):
        self.assertEqual(self.model.num_threads, 2)
        with qopt.load(FAKE, isa="any", num_threads=1) as other:
            self.assertEqual(other.isa, "any")
            self.assertEqual(other.num_threads, 1)
        with self.assertRaisesRegex(qopt.Error, "unknown isa 'sse'"):
            qopt.load(FAKE, isa="sse")

    def test_signature(self):
        self.assertEqual(self.model.inputs[1],
                         ("mask", "bool", ("batch", "past + length")))
        self.assertEqual(self.model.infer_shapes(arguments()),
                         {"y": (2, 3), "count": (2,), "tail": (-1, 2),
                          "total": ()})
        with self.assertRaisesRegex(qopt.Error, "unlucky"):
            self.model.infer_shapes(arguments(length=13))

    def test_observe(self):
        seen = []
        with qopt.load(FAKE, observe=lambda *tap: seen.append(tap)) as model:
            model(arguments())
        (name, array), = seen
        self.assertEqual(name, "x")
        np.testing.assert_array_equal(array, arguments()["x"])

    def test_profile(self):
        with qopt.load(FAKE) as model:
            with model.profile() as events:
                model(arguments())
                model(arguments())
            model(arguments())
        self.assertEqual([event.kind for event in events].count("run"), 2)
        kernel, = {event[4:] for event in events if event.kind == "kernel"}
        self.assertEqual(kernel, ("add_one", ("first node", "second node"),
                                  "f32", 12, 48, 16))
        for event in events:
            self.assertGreaterEqual(event.end, event.begin)

    def test_memory(self):
        with qopt.load(FAKE) as model:
            self.assertEqual(model.memory, (0, 0, 0))
            model(arguments())
            self.assertEqual(model.memory.peak_live, 24)
            self.assertGreaterEqual(model.memory.held, 24)

    def test_guards(self):
        with qopt.load(FAKE) as model:
            self.assertEqual(model.guards[1], ("x layer", 0, 0))
            x = arguments()["x"].copy()
            x.flat[2] = 2000
            model({**arguments(), "x": x})
            self.assertEqual(model.guards,
                             (("spare", 0, 0), ("x layer", x.size, 1)))

    def test_files_that_are_no_library(self):
        with open(FAKE, "rb") as file:
            library = file.read()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bad.so")
            for content, text in ((b"", "not a 64-bit"),
                                  (b"text" * 100, "not a 64-bit"),
                                  (library[:18] + b"\xf3" + library[19:], "another machine"),
                                  (library[:5000], "truncated"),
                                  (library[:-1000], "truncated")):
                with open(path, "wb") as file:
                    file.write(content)
                with self.assertRaisesRegex(qopt.Error, text):
                    qopt.load(path)


if __name__ == "__main__":
    unittest.main()
