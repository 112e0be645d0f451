#!/usr/bin/env python3
"""Writes models as the exporters of PyTorch do: `families.py DIRECTORY [NAME...]`.

Every family is a small configuration with random weights, exported by Optimum, by the
TorchScript exporter or by the dynamo exporter, with dynamic axes. FAMILIES can be read
without any of these packages; they are imported when something is written.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import inspect
import os
import sys
import traceback

VOCABULARY = 211
# Model classes by name: the configuration of a family is built with `sizes` of one of
# these groups, and what makes the family itself.
LLAMA = dict(vocab_size=VOCABULARY, hidden_size=64, intermediate_size=112, num_hidden_layers=2,
             num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128)
BERT = dict(vocab_size=VOCABULARY, hidden_size=64, intermediate_size=112, num_hidden_layers=2,
            num_attention_heads=4, max_position_embeddings=128)
IMAGE = dict(hidden_size=64, intermediate_size=112, num_hidden_layers=2, num_attention_heads=4,
             image_size=32, patch_size=8)
SEQ2SEQ = dict(vocab_size=VOCABULARY, d_model=64, encoder_layers=2, decoder_layers=2,
               encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=112,
               decoder_ffn_dim=112, max_position_embeddings=128, pad_token_id=0, eos_token_id=2,
               decoder_start_token_id=0, forced_eos_token_id=2)
SPEECH = dict(vocab_size=32, hidden_size=64, intermediate_size=112, num_hidden_layers=2,
              num_attention_heads=4, conv_dim=(32, 32), conv_stride=(5, 4), conv_kernel=(10, 8),
              num_feat_extract_layers=2, num_conv_pos_embeddings=16,
              num_conv_pos_embedding_groups=4)

DECODER = "text-generation-with-past"
ENCODER = "feature-extraction"


def optimum(config, model, task, **values):
    return ("optimum", config, model, task, values)


def torchscript(config, model, inputs, **values):
    return ("torchscript", config, model, inputs, values)


def dynamo(config, model, inputs, **values):
    return ("dynamo", config, model, inputs, values)


FAMILIES = {
    # Decoders with a cache.
    "llama": optimum("LlamaConfig", "LlamaForCausalLM", DECODER, **LLAMA),
    "qwen2": optimum("Qwen2Config", "Qwen2ForCausalLM", DECODER, **LLAMA),
    "qwen3": optimum("Qwen3Config", "Qwen3ForCausalLM", DECODER, head_dim=16, **LLAMA),
    "mistral": optimum("MistralConfig", "MistralForCausalLM", DECODER, sliding_window=6, **LLAMA),
    "gemma": optimum("GemmaConfig", "GemmaForCausalLM", DECODER, head_dim=16, **LLAMA),
    "gemma2": optimum("Gemma2Config", "Gemma2ForCausalLM", DECODER, head_dim=16, sliding_window=6,
                      query_pre_attn_scalar=16, **LLAMA),
    "phi3": optimum("Phi3Config", "Phi3ForCausalLM", DECODER, pad_token_id=0, **LLAMA),
    "phi": optimum("PhiConfig", "PhiForCausalLM", DECODER, partial_rotary_factor=0.5,
                    **{**LLAMA, "num_key_value_heads": 4}),
    "stablelm": optimum("StableLmConfig", "StableLmForCausalLM", DECODER, **LLAMA),
    "olmo2": optimum("Olmo2Config", "Olmo2ForCausalLM", DECODER, **LLAMA),
    "gpt-neox": optimum("GPTNeoXConfig", "GPTNeoXForCausalLM", DECODER, rotary_pct=0.25, **BERT),
    "gptj": optimum("GPTJConfig", "GPTJForCausalLM", DECODER, vocab_size=VOCABULARY, n_embd=64,
                    n_layer=2, n_head=4, n_positions=128, rotary_dim=8),
    "codegen": optimum("CodeGenConfig", "CodeGenForCausalLM", DECODER, vocab_size=VOCABULARY,
                       n_embd=64, n_layer=2, n_head=4, n_positions=128, rotary_dim=8),
    "falcon": optimum("FalconConfig", "FalconForCausalLM", DECODER, vocab_size=VOCABULARY,
                      hidden_size=64, num_hidden_layers=2, num_attention_heads=4, multi_query=True,
                      parallel_attn=True, alibi=False),
    "bloom": optimum("BloomConfig", "BloomForCausalLM", DECODER, vocab_size=VOCABULARY,
                     hidden_size=64, n_layer=2, n_head=4),
    "mpt": optimum("MptConfig", "MptForCausalLM", DECODER, vocab_size=VOCABULARY, d_model=64,
                   n_layers=2, n_heads=4, max_seq_len=128),
    "gpt-bigcode": optimum("GPTBigCodeConfig", "GPTBigCodeForCausalLM", DECODER,
                           vocab_size=VOCABULARY, n_embd=64, n_layer=2, n_head=4,
                           n_positions=128, multi_query=True),
    "gpt-neo": optimum("GPTNeoConfig", "GPTNeoForCausalLM", DECODER, vocab_size=VOCABULARY,
                       hidden_size=64, num_layers=2, num_heads=4, window_size=6,
                       attention_types=[[["global", "local"], 1]], max_position_embeddings=128),
    # Encoders.
    "distilbert": optimum("DistilBertConfig", "DistilBertModel", ENCODER, vocab_size=VOCABULARY,
                          dim=64, hidden_dim=112, n_layers=2, n_heads=4,
                          max_position_embeddings=128),
    "roberta": optimum("RobertaConfig", "RobertaModel", ENCODER, pad_token_id=0, **BERT),
    "electra": optimum("ElectraConfig", "ElectraModel", ENCODER, embedding_size=32, **BERT),
    "albert": optimum("AlbertConfig", "AlbertModel", ENCODER, embedding_size=32, **BERT),
    "mpnet": optimum("MPNetConfig", "MPNetModel", ENCODER, pad_token_id=0, **BERT),
    "deberta-v2": optimum("DebertaV2Config", "DebertaV2Model", ENCODER, relative_attention=True,
                          pos_att_type=["p2c", "c2p"], position_buckets=16,
                          norm_rel_ebd="layer_norm", share_att_key=True, conv_kernel_size=3,
                          conv_act="gelu", **BERT),
    "modernbert": optimum("ModernBertConfig", "ModernBertModel", ENCODER, local_attention=8,
                          pad_token_id=0, cls_token_id=1, sep_token_id=2, bos_token_id=1,
                          eos_token_id=2, reference_compile=False, **BERT),
    "t5-encoder": torchscript("T5Config", "T5EncoderModel", "text", vocab_size=VOCABULARY,
                              d_model=64, d_kv=16, d_ff=112, num_layers=2, num_heads=4),
    # Encoder and decoder.
    "bart": optimum("BartConfig", "BartForConditionalGeneration", "text2text-generation-with-past",
                    **SEQ2SEQ),
    "marian": optimum("MarianConfig", "MarianMTModel", "text2text-generation-with-past",
                      decoder_vocab_size=VOCABULARY, **SEQ2SEQ),
    # Images.
    "vit": optimum("ViTConfig", "ViTModel", ENCODER, **IMAGE),
    "clip-vision": torchscript("CLIPVisionConfig", "CLIPVisionModel", "image", **IMAGE),
    "resnet": optimum("ResNetConfig", "ResNetModel", ENCODER, embedding_size=16,
                      hidden_sizes=[32, 48], depths=[2, 2], layer_type="basic"),
    "mobilenet-v2": optimum("MobileNetV2Config", "MobileNetV2Model", ENCODER,
                            depth_multiplier=0.25, image_size=64),
    "convnext": optimum("ConvNextConfig", "ConvNextModel", ENCODER, num_stages=2,
                        hidden_sizes=[32, 48], depths=[1, 1]),
    # Speech.
    "whisper": optimum("WhisperConfig", "WhisperForConditionalGeneration",
                       "automatic-speech-recognition-with-past", vocab_size=VOCABULARY, d_model=64,
                       encoder_layers=1, decoder_layers=1, encoder_attention_heads=4,
                       decoder_attention_heads=4, encoder_ffn_dim=112, decoder_ffn_dim=112,
                       num_mel_bins=16, max_source_positions=1500, max_target_positions=128,
                       pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1,
                       suppress_tokens=None, begin_suppress_tokens=None),
    "wav2vec2": optimum("Wav2Vec2Config", "Wav2Vec2Model", ENCODER, **SPEECH),
    # The TorchScript exporter by itself.
    "torchscript-bert": torchscript("BertConfig", "BertModel", "text", **BERT),
    "torchscript-decoder": torchscript(None, "Decoder", "ids"),
    "torchscript-convnet": torchscript(None, "ConvNet", "image"),
    # The dynamo exporter.
    "dynamo-bert": dynamo("BertConfig", "BertModel", "text", **BERT),
    "dynamo-llama": dynamo("LlamaConfig", "LlamaForCausalLM", "text", **LLAMA),
    "dynamo-gemma2": dynamo("Gemma2Config", "Gemma2ForCausalLM", "text", head_dim=16,
                            sliding_window=6, query_pre_attn_scalar=16, **LLAMA),
    "dynamo-gpt-neox": dynamo("GPTNeoXConfig", "GPTNeoXForCausalLM", "text", **BERT),
    "dynamo-t5-encoder": dynamo("T5Config", "T5EncoderModel", "text", vocab_size=VOCABULARY,
                                d_model=64, d_kv=16, d_ff=112, num_layers=2, num_heads=4),
    "dynamo-vit": dynamo("ViTConfig", "ViTModel", "image", **IMAGE),
    "dynamo-decoder": dynamo(None, "Decoder", "ids"),
    "dynamo-convnet": dynamo(None, "ConvNet", "image"),
}


def convnet():
    """A small network of what such networks are made of: a strided stem, a depthwise
    block with a residual, a transposed convolution, pools."""
    from torch import nn

    class Block(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.way = nn.Sequential(
                nn.Conv2d(width, 3 * width, 1, bias=False), nn.BatchNorm2d(3 * width), nn.ReLU6(),
                nn.Conv2d(3 * width, 3 * width, 3, padding=1, groups=3 * width, bias=False),
                nn.BatchNorm2d(3 * width), nn.Hardswish(),
                nn.Conv2d(3 * width, width, 1, bias=False), nn.BatchNorm2d(width))

        def forward(self, x):
            return x + self.way(x)

    class ConvNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(
                nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
                nn.MaxPool2d(3, stride=2, padding=1), Block(16), nn.GroupNorm(4, 16), nn.SiLU(),
                nn.Conv2d(16, 24, 3, padding=2, dilation=2), nn.AvgPool2d(2, ceil_mode=True),
                nn.ConvTranspose2d(24, 24, 2, stride=2), nn.GELU(), Block(24))
            self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10))

        def forward(self, pixel_values):
            x = self.features(pixel_values)
            return x, self.head(x)

    return ConvNet()


def decoder():
    """A GPT as one writes it in plain PyTorch: attention in one call, causal, and a
    table of positions that is cut to the length."""
    import torch
    from torch import nn
    from torch.nn import functional

    class RootMeanSquare(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(width))

        def forward(self, x):
            return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * self.weight

    class Layer(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.heads = heads
            self.norms = nn.ModuleList([nn.LayerNorm(width), RootMeanSquare(width)])
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(width, width)

        def forward(self, x):
            q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
                       for part in self.qkv(self.norms[0](x)).chunk(3, dim=-1))
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).flatten(2))
            return x + self.down(functional.glu(self.up(self.norms[1](x)), dim=-1))

    class Decoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.places = nn.Embedding(VOCABULARY, 64), nn.Embedding(128, 64)
            self.layers = nn.ModuleList([Layer(64, 4), Layer(64, 4)])
            self.head = nn.Linear(64, VOCABULARY, bias=False)
            self.head.weight = self.tokens.weight

        def forward(self, input_ids):
            places = torch.arange(input_ids.shape[1], device=input_ids.device)
            x = self.tokens(input_ids) + self.places(places)
            for layer in self.layers:
                x = layer(x)
            return (self.head(x),)

    return Decoder()


def build(name):
    """The model of a family in evaluation mode, with weights that let values through:
    deviation 1.2 / sqrt(inputs), biases and gains that are not 0 and 1."""
    import torch
    import transformers

    _, config, model_class, _, values = FAMILIES[name]
    torch.manual_seed(0)
    if config is None:
        model = {"ConvNet": convnet, "Decoder": decoder}[model_class]()
    else:
        settings = getattr(transformers, config)(**values)
        model = getattr(transformers, model_class)(settings)
    model.eval()
    generator = torch.Generator().manual_seed(1)

    def noise(tensor, deviation):
        return torch.randn(tensor.shape, generator=generator) * deviation

    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() >= 2:
                fan = parameter[0].numel()
                parameter.copy_(noise(parameter, 1.2 / max(fan, 1) ** 0.5))
            else:
                parameter.add_(noise(parameter, 0.1))
        for part in model.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.running_mean.copy_(noise(part.running_mean, 0.3))
                part.running_var.copy_(noise(part.running_var, 0.3).abs() + 0.5)
    return model


def write_optimum(name, model, folder):
    from optimum.exporters.onnx import onnx_export_from_model

    onnx_export_from_model(model, folder, task=FAMILIES[name][3], opset=18, do_validation=False)


class Plain:
    """What torch.onnx.export traces: positional inputs, a tuple of tensors."""

    def __new__(cls, model, kind):
        import torch

        class Wrapper(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.model = model

            def forward(self, *inputs):
                if kind == "text":
                    return self.model(input_ids=inputs[0], attention_mask=inputs[1], **switches)[0]
                result = self.model(*inputs)
                return result if isinstance(result, tuple) else result[0]

        takes_cache = "use_cache" in inspect.signature(model.forward).parameters
        switches = {"use_cache": False} if takes_cache else {}
        return Wrapper()


def arguments(kind):
    """Names, example inputs and dynamic axes of torch.onnx.export."""
    import torch

    ids = torch.randint(3, VOCABULARY, (2, 9))
    axes = {0: "batch", 1: "sequence"}
    if kind == "ids":
        return ["input_ids"], (ids,), {"input_ids": axes}
    if kind == "text":
        return (["input_ids", "attention_mask"], (ids, torch.ones_like(ids)),
                {"input_ids": axes, "attention_mask": axes})
    return ["pixel_values"], (torch.randn(2, 3, 32, 32),), {"pixel_values": {0: "batch"}}


def write_torch(name, model, folder):
    import torch

    exporter, _, _, kind, _ = FAMILIES[name]
    names, inputs, axes = arguments(kind)
    path = os.path.join(folder, "model.onnx")
    outputs = ["features", "logits"] if FAMILIES[name][2] == "ConvNet" else ["output"]
    if exporter == "dynamo":
        shapes = tuple(axes[key] for key in names)
        # A module with *inputs has one parameter.
        torch.onnx.export(Plain(model, kind), inputs, path, dynamo=True, input_names=names,
                          output_names=outputs, dynamic_shapes=(shapes,), external_data=False)
    else:
        axes.update({output: {0: "batch"} for output in outputs})
        torch.onnx.export(Plain(model, kind), inputs, path, dynamo=False, input_names=names,
                          output_names=outputs, dynamic_axes=axes, opset_version=17)


def write(name, directory):
    folder = os.path.join(directory, name)
    os.makedirs(folder, exist_ok=True)
    model = build(name)
    (write_optimum if FAMILIES[name][0] == "optimum" else write_torch)(name, model, folder)


def main():
    directory, *names = sys.argv[1:]
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    failed = []
    for name in names or FAMILIES:
        print(f"== {name}", flush=True)
        try:
            write(name, directory)
        except Exception:  # one exporter's trouble is not the others'
            traceback.print_exc()
            failed.append(name)
    print("not written:", *failed) if failed else None
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
