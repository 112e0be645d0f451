# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Greedy decoding with a causal language model, as exporters write them."""

import numpy as np


def generate(model, prompts, max_new_tokens, *, eos=None, pad=0, cache=True,
             max_length=None, **extra):
    """Continues prompts (lists of token ids, of any lengths) with the most
    probable tokens; returns one list of new ids per prompt.

    The prompts form one batch, filled up with `pad` from the left, which
    attention_mask and position_ids hide. A row ends behind the token `eos`.
    cache=False computes all of the text again in every step, which is slow and
    gives the same tokens. max_length: rows of caches in place, if more than
    this call needs. extra: other inputs of the model, given in every step.
    """
    inputs = {port.name: port for port in model.inputs}
    if "input_ids" not in inputs:
        raise TypeError("the model has no input 'input_ids'")
    if "logits" not in (port.name for port in model.outputs):
        raise TypeError("the model has no output 'logits'")
    prompts = [list(prompt) for prompt in prompts]
    if not prompts or not all(prompts):
        raise ValueError("a prompt has at least one token")
    batch, width = len(prompts), max(map(len, prompts))
    total = width + max_new_tokens
    ids = np.full((batch, total), pad, np.int64)
    mask = np.zeros((batch, total), np.int64)
    for row, prompt in enumerate(prompts):
        ids[row, width - len(prompt):width] = prompt
        mask[row, width - len(prompt):] = 1
    if "attention_mask" not in inputs and not mask.all():
        raise TypeError("without an input 'attention_mask' all prompts must "
                        "have the same length")
    positions = np.maximum(np.cumsum(mask, axis=1) - 1, 0)

    symbol = inputs["input_ids"].shape[0]
    past = model.new_caches(max(total, max_length or 0), **{str(symbol): batch})
    begin, end = 0, width
    running = np.ones(batch, bool)
    while end < total and running.any():
        given = {"input_ids": ids[:, begin:end], **past, **extra}
        if "attention_mask" in inputs:
            given["attention_mask"] = mask[:, :end]
        if "position_ids" in inputs:
            given["position_ids"] = positions[:, begin:end]
        if model.cache_length:
            given[model.cache_length] = np.array([begin], np.int64)
        given = {name: _typed(array, inputs[name])
                 for name, array in given.items()}
        outputs = model(given)
        following = outputs["logits"][:, -1].argmax(axis=-1)
        ids[:, end] = np.where(running, following, pad)
        if eos is not None:
            running &= following != eos
        if cache and model.caches:
            past.update({entry.past: outputs[entry.present]
                         for entry in model.caches if not entry.inplace})
            begin = end
        end += 1
    return [_until(row[width:end].tolist(), eos) for row in ids]


def _typed(array, port):
    """Integers in the type of the input: some models take int32."""
    if isinstance(array, np.ndarray) and array.dtype == np.int64:
        return array.astype(port.dtype, copy=False)
    return array


def _until(tokens, eos):
    return tokens[:tokens.index(eos) + 1] if eos in tokens else tokens
