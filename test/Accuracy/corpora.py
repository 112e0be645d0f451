"""Texts as token ids, by the tokenizers of the shared models.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import heapq
import re
import struct

import numpy as np
import support

# Documents: predictions that the protocols count (a check of the tokenizers).
PREDICTIONS = {"stories260k": {40: 12571, 60: 20416}, "tok105": {40: 10200, 60: 15300}}
FIRST_IDS = {"stories260k": [1, 385, 328, 432, 261, 376], "tok105": [1, 3, 34, 9, 4, 3]}
CONTEXT = {"stories260k": 512, "tok105": 256}
# The windows of lm15m.
WINDOW = 256


class Tokenizer:
    """Byte-pair encoding with scores: a leading space, one token per character or
    per byte, then always the merge of the best score, the leftmost of equals."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        self.scores, self.ids = [], {}
        offset = 4
        while offset < len(data):
            score, length = struct.unpack_from("<fi", data, offset)
            offset += 8
            self.ids.setdefault(data[offset : offset + length], len(self.scores))
            self.scores.append(score)
            offset += length
        self.pieces = {index: piece for piece, index in self.ids.items()}

    def encode(self, text):
        pieces = [b" "] if text else []
        tokens = [self.ids[b" "]] if text else []
        for character in text:
            raw = character.encode()
            if raw in self.ids:
                tokens.append(self.ids[raw])
                pieces.append(raw)
            else:
                tokens += [byte + 3 for byte in raw]
                pieces += [self.pieces.get(byte + 3, b"") for byte in raw]
        return [1] + self.merge(tokens, pieces)

    def merge(self, tokens, pieces):
        after = list(range(1, len(tokens))) + [-1]
        before = list(range(-1, len(tokens) - 1))
        alive = [True] * len(tokens)
        heap = []

        def offer(left):
            right = after[left] if left >= 0 else -1
            if right >= 0:
                merged = self.ids.get(pieces[left] + pieces[right])
                if merged is not None:
                    entry = (-self.scores[merged], left, right, merged, pieces[left], pieces[right])
                    heapq.heappush(heap, entry)

        for left in range(len(tokens)):
            offer(left)
        while heap:
            _, left, right, merged, first, second = heapq.heappop(heap)
            current = alive[left] and alive[right] and after[left] == right
            if not current or pieces[left] != first or pieces[right] != second:
                continue
            tokens[left], pieces[left] = merged, first + second
            alive[right] = False
            after[left] = after[right]
            if after[left] >= 0:
                before[after[left]] = left
            offer(before[left])
            offer(left)
        return [token for token, kept in zip(tokens, alive) if kept]


class Characters:
    """One id per character; runs of spaces and newlines are one U+2581."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.ids = {line.split("\t")[0]: index for index, line in enumerate(file.read().split("\n")) if line}

    def encode(self, text):
        text = "\u2581" + re.sub("[ \n]+", "\u2581", text)
        return [1] + [self.ids.get(character, 0) for character in text]


@support.once
def documents(model):
    """Token ids of the first 76 stories: up to 60 evaluated and 16 to calibrate with."""
    if model == "tok105":
        tokenizer = Characters(support.shared("babyllama-tok105", "tok105.vocab"))
    else:
        tokenizer = Tokenizer(support.shared("stories260K", "tok512.bin"))
    with open(support.shared("text", "tiny.utf8"), encoding="utf-8") as file:
        texts = [text.strip() for text in file.read().split("<|endoftext|>")]
    found = [tokenizer.encode(text)[: CONTEXT[model]] for text in texts if text][:76]
    assert found[0][:6] == FIRST_IDS[model], f"the tokenizer is wrong: {found[0][:6]}"
    for count, predictions in PREDICTIONS[model].items():
        assert sum(len(ids) - 1 for ids in found[:count]) == predictions
    return found


def windows():
    """The windows of lm15m's held-out text, [69, 256]."""
    ids = np.load(support.shared("lm15m", "eval.npy"))
    return ids[: len(ids) // WINDOW * WINDOW].reshape(-1, WINDOW)


def byte_pairs(text, count):
    """The first `count` windows of a text by lm15m's tokenizer."""
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(support.shared("lm15m", "tokenizer.json"))
    with open(support.shared("text", text), encoding="utf-8") as file:
        # A token is about three bytes of text; a little more is read.
        part = file.read(count * WINDOW * 8)
    ids = np.array(tokenizer.encode(part).ids, np.int32)
    return ids[: count * WINDOW].reshape(count, WINDOW)
