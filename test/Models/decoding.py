"""Greedy decoding: the same tokens with and without caches, in place or not, alone or
as a row of a padded batch; and padded batches against ONNX Runtime.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import functools

import numpy as np
import stories
import support
import zoo

INPLACE = ("--kv=inplace",)
COUNT = 128
# How much of four documents is the prompt: row 0 is the one that runs alone.
PROMPTS = (8, 3, 21, 14)


def prompts():
    return [ids[:length] for ids, length in zip(stories.documents(), PROMPTS)]


def noise(logits, ids):
    """What the codes of 8 bits do to the logits behind these tokens, root mean square."""
    exact = stories.step(stories.load("fp32"), ids, stories.no_past())[0][-1]
    return np.sqrt(np.mean(np.square(logits - exact)))


def decode(preset):
    """128 tokens by every way that there is. In float all are the same. Codes of 8 bits
    flip with the last bit of a sum, and the columns that llm-int8 keeps in float are
    those of all rows of a call: there, the first other token must be one that the
    reference itself finds as good, but for twice its own distance from float; with and
    without copies of the cache the tokens are the same always."""
    import qopt

    copying, inplace = stories.load(preset), stories.load(preset, INPLACE)
    first = prompts()[0]
    want = qopt.generate(copying, [first], COUNT, cache=False)[0]
    tokens, wrong, ties = {}, [], []
    for name, library, cache in (
        ("past and present", copying, True),
        ("in place", inplace, True),
        ("in place, all again", inplace, False),
        ("no cache", copying, False),
    ):
        for batch in ([first], prompts()):
            way = f"{name}, batch of {len(batch)}"
            found = tokens[way] = qopt.generate(library, batch, COUNT, cache=cache)[0]
            if found == want:
                continue
            at = next(i for i in range(COUNT) if found[i] != want[i])
            logits = stories.step(copying, first + want[:at], stories.no_past())[0][-1]
            margin = logits.max() - logits[found[at]]
            tie = 0 if preset == "fp32" else 2 * noise(logits, first + want[:at])
            (ties if margin <= tie else wrong).append(f"{way} from token {at} ({margin:.2g})")
    for size in (1, 4):
        if tokens[f"past and present, batch of {size}"] != tokens[f"in place, batch of {size}"]:
            wrong.append(f"in place is not past and present, batch of {size}")
    equal = sum(found == want for found in tokens.values())
    text = f"{COUNT} tokens, the same by {equal} of {len(tokens)} ways"
    return not wrong, text + "".join(f"; {kind}: {', '.join(ways)}" for kind, ways in (("ties", ties), ("wrong", wrong)) if ways)


def refused():
    """Errors come before anything is written."""
    import qopt

    model = zoo.load(zoo.export("stories260k"), flags=INPLACE)
    caches = model.new_caches(8, batch_size=1)
    for array in caches.values():
        array[:] = 7

    def run(length, count, mask=None):
        positions = np.arange(length, length + count, dtype=np.int64)[None]
        return model(
            caches,
            input_ids=np.ones((1, count), np.int64),
            attention_mask=np.ones((1, length + count if mask is None else mask), np.int64),
            position_ids=positions,
            past_length=[length],
        )

    texts = []
    for length, count, mask in ((7, 2, None), (9, 1, None), (-1, 2, 1), (2**62, 1, 3), (3, 1, 5)):
        try:
            run(length, count, mask)
            return False, f"length {length} with {count} new rows ran"
        except qopt.Error as error:
            texts.append(str(error))
    untouched = all((array == 7).all() for array in caches.values())
    run(7, 1)
    return untouched, texts[0]


def data_sets(name, part, flags=()):
    """In place against the outputs of ONNX Runtime that come with the export: rows behind
    the past are NaN before the run, and stay it where nothing was to be written."""
    path = support.shared("onnx-exports", name, part + ".onnx")
    model = zoo.load(path, flags=INPLACE + flags)
    worst = 0
    for _, inputs, outputs in zoo.data_sets(path):
        given = {port.name: inputs[port.name] for port in model.inputs if port.name in inputs}
        for cache in model.caches:
            past, rows = inputs[cache.past], outputs[cache.present].shape[cache.axis]
            shape = list(past.shape)
            shape[cache.axis] = rows + 3
            given[cache.past] = np.full(shape, np.nan, past.dtype)
            filled(given[cache.past], cache, past.shape[cache.axis])[:] = past
            length = past.shape[cache.axis]
        found = model(given, **{model.cache_length: np.array([length], np.int64)})
        for cache in model.caches:
            rows = outputs[cache.present].shape[cache.axis]
            found[cache.present] = filled(given[cache.past], cache, rows)
            if np.isfinite(given[cache.past]).sum() != found[cache.present].size:
                return False, f"{cache.past}: rows behind the new ones were written"
        if set(found) != set(outputs):
            return False, f"outputs {sorted(found)}"
        for output, want in outputs.items():
            worst = max(worst, np.abs(found[output] - want).max() / np.abs(want).max())
    return worst <= 1e-4, f"largest error {worst:.2g} of the largest value"


def filled(array, cache, rows):
    return array[(slice(None),) * cache.axis + (slice(0, rows),)]


def padded(name, inplace):
    """Rows of different length, filled up from the left: a step over the prompts and three
    steps of one token. What the mask hides is compared with nothing."""
    path = zoo.export(name)
    reference = zoo.reference(path)
    model = zoo.load(path, flags=INPLACE if inplace else ())
    rng = np.random.default_rng(3)
    lengths, width, steps = (9, 2, 5, 7), 9, 3
    total = width + steps
    mask = np.zeros((len(lengths), total), np.int64)
    for row, length in enumerate(lengths):
        mask[row, width - length :] = 1
    ids = rng.integers(3, 250, mask.shape) * mask
    positions = np.maximum(np.cumsum(mask, axis=1) - 1, 0)
    batch = model.inputs[0].shape[0]
    past = model.new_caches(total + 2, **{batch: len(lengths)})
    presents = {cache.past: cache.present for cache in model.caches}
    plain = {
        port: np.zeros([size if axis != cache.axis else 0 for axis, size in enumerate(past[port].shape)], np.float32)
        for cache in model.caches
        for port in [cache.past]
    }
    worst, begin = 0, 0
    for end in range(width, total + 1):
        given = {"input_ids": ids[:, begin:end], "attention_mask": mask[:, :end], "position_ids": positions[:, begin:end]}
        want = reference(**given, **plain)
        extra = {model.cache_length: np.array([begin], np.int64)} if inplace else {}
        found = model({**given, **past, **extra})
        shown = mask[:, begin:end].astype(bool)
        difference = np.abs(found["logits"] - want["logits"])[shown].max()
        worst = max(worst, difference / np.abs(want["logits"][shown]).max())
        plain = {port: want[present] for port, present in presents.items()}
        if not inplace:
            past = {port: found[present] for port, present in presents.items()}
        begin = end
    return worst <= 1e-4, f"largest error {worst:.2g} of the largest logit"


TESTS = {
    **{
        f"stories260k/{preset}/decode": functools.partial(decode, preset)
        for preset in ("fp32", "llm-int8", "llm-int8-static")
    },
    "stories260k/inplace/refused": refused,
    **{
        f"{name}/inplace/{part}": functools.partial(data_sets, name, part)
        for name, part in (
            ("gpt2", "model"),
            ("opt", "model"),
            ("stories260k", "model"),
            ("t5", "decoder_with_past_model"),
            ("whisper", "decoder_with_past_model"),
        )
    },
    **{
        f"{name}/inplace/unlifted": functools.partial(data_sets, name, "model", ("--no-lift=all",))
        for name in ("gpt2", "opt", "stories260k")
    },
    **{
        f"{name}/{'inplace' if inplace else 'fp32'}/padded": functools.partial(padded, name, inplace)
        for name in ("gpt2", "opt", "stories260k")
        for inplace in (False, True)
    },
}
