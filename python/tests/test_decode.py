# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of caches and of generate.

QOPT_FAKE_CACHE names the library of unittests/Runtime/FakeCache.c. Decoding is
tested on a stand-in for a model, whose next token depends on every token that
the mask shows, on its position, and on nothing else.
"""

import os
import unittest

import numpy as np

import qopt


class CacheTest(unittest.TestCase):

    def setUp(self):
        self.model = qopt.load(os.environ["QOPT_FAKE_CACHE"])
        self.addCleanup(self.model.close)

    def test_signature(self):
        self.assertEqual(self.model.caches,
                         (qopt.Cache("key", "present_key", 0, True),
                          qopt.Cache("value", "present_value", 0, True)))
        self.assertEqual([port.name for port in self.model.outputs], ["y"])
        self.assertIsNone(self.model.cache_length)

    def test_written_in_place(self):
        caches = self.model.new_caches(3)
        self.assertEqual(caches["key"].shape, (3, 2))
        self.model(caches, x=np.ones(1, np.float32))
        self.model(caches, x=np.ones(1, np.float32))
        np.testing.assert_array_equal(caches["value"], np.full((3, 2), 2))

    def test_arrays_that_would_be_copied(self):
        x = np.ones(1, np.float32)
        good = self.model.new_caches(3)
        frozen = np.zeros((3, 2), np.float32)
        frozen.flags.writeable = False
        for bad in ([[0, 0]] * 3, np.zeros((2, 3), np.float32).T, frozen,
                    np.zeros((3, 2), ">f4")):
            with self.assertRaisesRegex(TypeError, "'key' is updated in place"):
                self.model(good, x=x, key=bad)


class StandIn:
    """A language model of 97 tokens; its cache holds a number per token."""

    def __init__(self, inplace=False, cached=True):
        shape = ("batch", "length")
        self.inputs = [qopt.Port(name, "int64", shape) for name in
                       ("input_ids", "attention_mask", "position_ids")]
        self.outputs = [qopt.Port("logits", "float32", (*shape, 97))]
        self.caches = ()
        self.cache_length = None
        self.inplace = inplace
        self.tokens_seen = 0
        if cached:
            self.inputs.append(qopt.Port("past.0", "int64", ("batch", "past")))
            self.caches = (qopt.Cache("past.0", "present.0", 1, inplace),)
        if inplace:
            self.inputs.append(qopt.Port("past_length", "int64", (1,)))
            self.cache_length = "past_length"

    new_caches = qopt.Model.new_caches

    def __call__(self, given):
        assert set(given) == {port.name for port in self.inputs}, given
        ids, mask = given["input_ids"], given["attention_mask"]
        self.tokens_seen += ids.size
        present = ids * 31 + given["position_ids"] ** 2 * 7
        if self.inplace:
            begin = int(given["past_length"][0])
            given["past.0"][:, begin:begin + ids.shape[1]] = present
            present = given["past.0"][:, :begin + ids.shape[1]]
        elif self.caches:
            present = np.concatenate([given["past.0"], present], axis=1)
        assert mask.shape == present.shape
        token = (present * mask).sum(axis=1) % 97
        logits = np.zeros((*ids.shape, 97), np.float32)
        logits[np.arange(len(ids)), -1, token] = 1
        return {"logits": logits, "present.0": present}


class GenerateTest(unittest.TestCase):

    prompts = [[5], [3, 1, 4, 1, 5], [9, 2, 6], [8, 8]]

    def test_same_tokens_with_every_convention(self):
        alone = [qopt.generate(StandIn(cached=False), [prompt], 20)[0]
                 for prompt in self.prompts]
        self.assertGreater(len(set(alone[0])), 5)
        for model in (StandIn(), StandIn(inplace=True), StandIn(cached=False)):
            for cache in (True, False):
                self.assertEqual(
                    qopt.generate(model, self.prompts, 20, cache=cache), alone)

    def test_cached_steps_see_one_token(self):
        for inplace in (False, True):
            model = StandIn(inplace)
            qopt.generate(model, [[1, 2, 3]], 10)
            self.assertEqual(model.tokens_seen, 3 + 9)

    def test_rows_end_at_eos(self):
        free = qopt.generate(StandIn(), self.prompts, 20)
        eos = free[1][6]
        for row, whole in zip(qopt.generate(StandIn(), self.prompts, 20,
                                            eos=eos), free):
            stop = whole.index(eos) + 1 if eos in whole else len(whole)
            self.assertEqual(row, whole[:stop])

    def test_refusals(self):
        with self.assertRaisesRegex(ValueError, "at least one token"):
            qopt.generate(StandIn(), [[1], []], 5)
        model = StandIn()
        del model.inputs[1]
        with self.assertRaisesRegex(TypeError, "attention_mask"):
            qopt.generate(model, [[1], [1, 2]], 5)


if __name__ == "__main__":
    unittest.main()
