"""A decoder as onnxruntime-genai writes it: norms fused with the residual, weights of 4 bits,
grouped queries with rotation inside and a cache that grows. Two layers, random weights.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from case import DOMAIN, random

HEADS, KV, SIZE, LAYERS, VOCABULARY, INNER = 4, 2, 16, 2, 40, 96
HIDDEN = HEADS * SIZE


class Decoder:
    name = "genai_decoder"

    def __init__(self):
        self.nodes, self.constants, self.seed = [], {}, 100

    def node(self, op, inputs, outputs, domain=DOMAIN, **attributes):
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, outputs, name, domain=domain, **attributes))
        return outputs[0]

    def constant(self, name, value):
        self.constants[name] = value
        return name

    def linear(self, x, name, rows, columns):
        """Weights of 4 bits in blocks of 32."""
        self.seed += 1
        rng = np.random.default_rng(self.seed)
        codes = rng.integers(0, 256, (columns, rows // 32, 16)).astype(np.uint8)
        scales = (np.abs(rng.standard_normal(columns * rows // 32)) * 0.02).astype(np.float32)
        w = self.constant(name + ".q", codes)
        s = self.constant(name + ".s", scales)
        return self.node("MatMulNBits", [x, w, s], [name], K=rows, N=columns, bits=4, block_size=32)

    def model(self):
        angles = np.arange(64)[:, None] * 10000.0 ** (-np.arange(SIZE // 2) / (SIZE // 2))
        cos = self.constant("cos", np.cos(angles).astype(np.float32))
        sin = self.constant("sin", np.sin(angles).astype(np.float32))
        table = self.constant("table", random(VOCABULARY, HIDDEN, seed=99))
        x = self.node("Gather", [table, "input_ids"], ["embedded"], domain="")
        # Both lengths from the mask, as the builder has them.
        one = self.constant("one", np.array([1], np.int64))
        ones = self.node("ReduceSum", ["attention_mask", one], ["ones"], domain="", keepdims=1)
        less = self.node("Sub", [ones, one], ["less"], domain="")
        lengths = self.node("Cast", [less], ["lengths"], domain="", to=TensorProto.INT32)
        shape = self.node("Shape", ["attention_mask"], ["mask_shape"], domain="")
        second = self.constant("second", np.array(1, np.int64))
        width = self.node("Gather", [shape, second], ["width"], domain="")
        total = self.node("Cast", [width], ["total"], domain="", to=TensorProto.INT32)

        gamma = self.constant("gamma", np.ones(HIDDEN, np.float32))
        normed = self.node("SimplifiedLayerNormalization", [x, gamma], ["normed"], domain="",
                           axis=-1, epsilon=1e-5)
        for i in range(LAYERS):
            p = f"layer{i}."
            packed = self.linear(normed, p + "qkv", HIDDEN, (HEADS + 2 * KV) * SIZE)
            attended = self.node(
                "GroupQueryAttention",
                [packed, "", "", f"past_key_values.{i}.key", f"past_key_values.{i}.value",
                 lengths, total, cos, sin],
                [p + "attended", f"present.{i}.key", f"present.{i}.value"],
                num_heads=HEADS, kv_num_heads=KV, do_rotary=1, local_window_size=6 * i or -1)
            projected = self.linear(attended, p + "o", HIDDEN, HIDDEN)
            normed = self.node("SkipSimplifiedLayerNormalization", [x, projected, gamma],
                               [p + "n", "", "", p + "sum"], epsilon=1e-5)
            x = p + "sum"
            gate = self.linear(normed, p + "gate", HIDDEN, INNER)
            active = self.node("QuickGelu", [gate], [p + "active"], alpha=1.0)
            up = self.linear(normed, p + "up", HIDDEN, INNER)
            product = self.node("Mul", [active, up], [p + "product"], domain="")
            down = self.linear(product, p + "down", INNER, HIDDEN)
            normed = self.node("SkipSimplifiedLayerNormalization", [x, down, gamma],
                               [p + "m", "", "", p + "sum2"], epsilon=1e-5)
            x = p + "sum2"
        head = self.constant("head", random(HIDDEN, VOCABULARY, seed=98, scale=0.2))
        self.node("MatMul", [normed, head], ["logits"], domain="")

        def port(name, dims, kind=TensorProto.FLOAT):
            return helper.make_tensor_value_info(name, kind, dims)

        inputs = [port("input_ids", ["batch_size", "sequence_length"], TensorProto.INT64),
                  port("attention_mask", ["batch_size", "total_sequence_length"], TensorProto.INT64)]
        outputs = [port("logits", ["batch_size", "sequence_length", VOCABULARY])]
        for i in range(LAYERS):
            for part in ("key", "value"):
                inputs.append(port(f"past_key_values.{i}.{part}",
                                   ["batch_size", KV, "past_sequence_length", SIZE]))
                outputs.append(port(f"present.{i}.{part}",
                                    ["batch_size", KV, "total_sequence_length", SIZE]))
        graph = helper.make_graph(self.nodes, "decoder", inputs, outputs,
                                  [numpy_helper.from_array(v, k) for k, v in self.constants.items()])
        return helper.make_model(graph, ir_version=10, opset_imports=[
            helper.make_opsetid("", 21), helper.make_opsetid(DOMAIN, 1)])

    @staticmethod
    def decode(run, batch, prompt, steps):
        """Logits of a prompt and of greedy steps behind it."""
        ids = np.random.default_rng(batch).integers(0, VOCABULARY, (batch, prompt))
        cache = {f"past_key_values.{i}.{part}": np.zeros((batch, KV, 0, SIZE), np.float32)
                 for i in range(LAYERS) for part in ("key", "value")}
        length, logits = 0, []
        for _ in range(steps + 1):
            length += ids.shape[1]
            outputs = run({"input_ids": ids, "attention_mask": np.ones((batch, length), np.int64),
                           **cache})
            logits.append(outputs["logits"])
            cache = {name.replace("present", "past_key_values"): value
                     for name, value in outputs.items() if name.startswith("present")}
            ids = logits[-1][:, -1:].argmax(-1)
        return logits
