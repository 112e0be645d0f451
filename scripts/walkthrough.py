#!/usr/bin/env python3
"""Writes docs/generated/walkthrough.md: one MatMul from ONNX text to the assembly of its
inner loop, every stage as the programs of build/bin print it.

  walkthrough.py [--check]

With --check nothing is written, and a page that is out of date fails.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import difflib
import os
import re
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QOPT = os.path.join(ROOT, "build", "bin", "qopt")
QOPT_OPT = os.path.join(ROOT, "build", "bin", "qopt-opt")
PAGE = os.path.join(ROOT, "docs", "generated", "walkthrough.md")
SCHEMA = os.environ.get("ONNX_SCHEMA", "/usr/include/onnx/onnx.proto")

K, N = 256, 128
WEIGHT = [((37 * i) % 101 - 50) / 64 for i in range(K * N)]
BIAS = [((11 * i) % 17 - 8) / 8 for i in range(N)]
MODEL = f"""ir_version: 9
opset_import {{ version: 18 }}
graph {{
  name: "walkthrough"
  node {{ op_type: "MatMul" name: "dense" input: "x" input: "weight" output: "product" }}
  node {{ op_type: "Add" name: "add" input: "product" input: "bias" output: "sum" }}
  node {{ op_type: "Relu" name: "relu" input: "sum" output: "y" }}
  initializer {{ name: "weight" data_type: 1 dims: {K} dims: {N} float_data: [WEIGHT] }}
  initializer {{ name: "bias" data_type: 1 dims: {N} float_data: [BIAS] }}
  input {{ name: "x" type {{ tensor_type {{ elem_type: 1 shape {{
    dim {{ dim_param: "rows" }} dim {{ dim_value: {K} }} }} }} }} }}
  output {{ name: "y" type {{ tensor_type {{ elem_type: 1 shape {{
    dim {{ dim_param: "rows" }} dim {{ dim_value: {N} }} }} }} }} }}
}}
"""
# The only product of a model is its last one, which the preset would keep in float.
PRESET = ["--pass-pipeline=w8a8", "--quantize=dense=w8a8"]
ISA = "avx512vnni"


def run(*argv, stdin=None):
    result = subprocess.run(argv, input=stdin, capture_output=True)
    if result.returncode:
        error = result.stderr.decode()[:1000]
        sys.exit(f"{' '.join(argv)}: exit {result.returncode}\n{error}")
    return result.stdout


def qopt(model, *flags):
    return run(QOPT, model, *flags, "-q").decode()


def write_model(path):
    text = MODEL
    for name, values in (("WEIGHT", WEIGHT), ("BIAS", BIAS)):
        text = text.replace(name, ", ".join(f"{value:g}" for value in values))
    binary = run("protoc", "--encode=onnx.ModelProto", f"--proto_path={os.path.dirname(SCHEMA)}",
                 SCHEMA, stdin=text.encode())
    with open(path, "wb") as file:
        file.write(binary)


def module_with_weights(text):
    """What --emit=onnx prints, with the weights, which are not printed."""
    for values, type in ((WEIGHT, f"tensor<{K}x{N}xf32>"), (BIAS, f"tensor<{N}xf32>")):
        data = struct.pack(f"<{len(values)}f", *values).hex()
        text = re.sub(rf"dense_resource<\w+>(?= : {type})", f'dense<"0x{data}">', text)
    return text


def stage(module, *passes):
    """The module after these passes of qopt-opt."""
    pipeline = ",".join(["w8a8{quantize=dense=w8a8}", "convert-onnx-to-linalg", *passes])
    text = run(QOPT_OPT, f"--pass-pipeline=builtin.module({pipeline})",
               "--mlir-elide-resource-strings-if-larger=20",
               "--mlir-elide-elementsattrs-if-larger=16", stdin=module.encode())
    return text.decode()


def tidy(text):
    """With locations in place of their aliases, and none at ends of blocks; without empty
    resource sections and the module's attributes, one of which is the file's hash."""
    aliases = dict(re.findall(r"(?m)^(#loc\d*) = (loc\(.*\))$", text))
    text = re.sub(r"(?m)^#loc.*\n", "", text)
    text = re.sub(r"(?m)^(\s*(?:\}|return).*?) loc\(.*\)$", r"\1", text)
    text = re.sub(r"loc\((#loc\d*)\)", lambda match: aliases[match.group(1)], text)
    text = re.sub(r"\n*\{-#\s*#-\}\s*$", "", text)
    text = re.sub(r"module attributes \{.*\} \{", "module {", text)
    return text.strip()


def body(text, function):
    """One function of a module."""
    lines = text.split("\n")
    start = next(i for i, line in enumerate(lines) if re.search(rf"func\.func.*@{function}\b", line))
    end = next(i for i in range(start, len(lines)) if lines[i].startswith("  }"))
    return "\n".join(line[2:] for line in lines[start : end + 1])


def shortened(line, width=150):
    return line if len(line) <= width else line[: width - 4] + " ..."


def excerpt(lines, first, last=0):
    """The first and the last lines, and how many are between them."""
    if len(lines) <= first + last + 1:
        return lines
    left_out = f"  ... {len(lines) - first - last} lines ..."
    return lines[:first] + [left_out] + (lines[-last:] if last else [])


def kernel_step(text):
    """The loop over K of the integer kernel: from its head to the products of the second
    row."""
    lines = text.split("\n")
    first = next(i for i, line in enumerate(lines) if "vpdpbusd" in line)
    head = max(i for i in range(first) if "scf.for" in lines[i])
    count = sum("vpdpbusd" in line for line in lines[head : first + 1])
    end = first
    while count < 8:
        end += 1
        count += "vpdpbusd" in lines[end]
    indent = len(lines[head]) - len(lines[head].lstrip())
    return "\n".join(shortened(line[indent:]) for line in lines[head : end + 1]) + "\n  ..."


def llvm_step(text):
    lines = text.split("\n")
    first = next(i for i, line in enumerate(lines) if "call" in line and "vpdpbusd" in line)
    start = max(i for i in range(first) if " phi " in lines[i]) + 1
    end = first
    while "vpdpbusd" in lines[end]:
        end += 1
    return "\n".join(shortened(line) for line in lines[start:end])


def inner_loop(text):
    """The innermost loop with the most integer products."""
    lines, labels, best = text.split("\n"), {}, []

    def products(loop):
        return sum("vpdpbusd" in line for line in loop)

    for i, line in enumerate(lines):
        if label := re.match(r"(\.LBB\w+):", line):
            labels[label.group(1)] = i
        jump = re.match(r"\s+j\w+\s+(\.LBB\w+)", line)
        if not jump or jump.group(1) not in labels:
            continue
        loop = lines[labels[jump.group(1)] : i + 1]
        if not any(re.match(r"\.LBB", inner) for inner in loop[1:]):
            best = max(best, loop, key=products)
    return best, products(best)


def page():
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.join(folder, "walkthrough.onnx")
        write_model(model)
        imported = qopt(model, "--emit=onnx", "-o", "-")
        plan = qopt(model, *PRESET, "--dry-run")
        quantized = qopt(model, *PRESET, "--emit=qopt", "-o", "-")
        linalg = qopt(model, *PRESET, "--emit=linalg", "-o", "-")
        llvm, asm = os.path.join(folder, "ll"), os.path.join(folder, "s")
        for emit, path in (("llvm", llvm), ("asm", asm)):
            qopt(model, *PRESET, f"--isa={ISA}", f"--emit={emit}", "-o", path)
        with open(llvm) as file:
            llvm = file.read()
        with open(asm) as file:
            asm = file.read()
    module = module_with_weights(imported)
    buffers = stage(module, "qopt-buffers")
    kernels = stage(module, "qopt-buffers", f"qopt-generate-kernels{{isa={ISA}}}",
                    "canonicalize", "cse")
    loop, products = inner_loop(asm)
    loads = sum(bool(re.search(r"vmov\w+\s+-?\w*\(%(?!rsp|rbp)", line)) for line in loop)
    broadcasts = sum("vpbroadcastd" in line for line in loop)
    stack = sum("%rsp" in line or "%rbp" in line for line in loop)
    loop = [line.expandtabs(8) for line in loop]

    def block(language, text):
        return f"```{language}\n{text}\n```\n"

    flags = " ".join(PRESET)
    opt = "qopt-opt --pass-pipeline='builtin.module(w8a8{quantize=dense=w8a8},convert-onnx-to-linalg"
    return "\n".join([
        "# The way of one MatMul",
        "",
        "Generated by `scripts/walkthrough.py` from what the programs print. Do not edit. Module",
        "attributes, some locations and weights are left out; why each stage is as it is stands",
        "in [architecture.md](../architecture.md).",
        "",
        "## 1. ONNX",
        "",
        f"A dense layer, {K} to {N} features, for any number of rows, in protobuf's text form.",
        "",
        block("text", MODEL.strip().replace("[WEIGHT]", "[...]").replace("[BIAS]", "[...]")),
        "## 2. Imported: `qopt --emit=onnx`",
        "",
        "One operation per node. Names of nodes are locations (`loc`, at the ends of lines).",
        "The shapes of results are not known yet.",
        "",
        block("mlir", tidy(imported)),
        f"## 3. The plan: `qopt {flags} --dry-run`",
        "",
        block("text", plan.strip()),
        f"## 4. Quantized: `qopt {flags} --emit=qopt`",
        "",
        "Scales are values: those of the rows come out of the quantization, those of the columns",
        "are a constant.",
        "",
        block("mlir", tidy(quantized)),
        f"## 5. Lowered: `qopt {flags} --emit=linalg`",
        "",
        "Sizes are values computed at entry; weights are named by `qopt.weight`.",
        "",
        block("mlir", tidy(linalg)),
        f"## 6. Buffers: `{opt},qopt-buffers)'`",
        "",
        "Bias and Relu have become the epilogue of the product. The weight is packed in blocks of",
        "32 columns by 64 rows, four consecutive rows of a column side by side, with the sums of",
        "its columns; the output is the caller's.",
        "",
        block("mlir", body(buffers, "main")),
        f"## 7. Kernel: `...,qopt-buffers,qopt-generate-kernels{{isa={ISA}}},canonicalize,cse)'`",
        "",
        "The loop over K, up to the products of its second row. Its arguments are the sums, one",
        "register each; they start at -128 times the sums of the columns, as codes are offset by",
        "128 for an instruction that takes unsigned by signed bytes.",
        "",
        block("mlir", kernel_step(kernels)),
        f"## 8. LLVM IR: `qopt {flags} --isa={ISA} --emit=llvm`",
        "",
        "The same place: vectors of weights, four codes of a row in every lane, and the products.",
        "",
        block("llvm", llvm_step(llvm)),
        f"## 9. Assembly: `qopt {flags} --isa={ISA} --emit=asm`",
        "",
        f"The inner loop of the largest block: {products} `vpdpbusd`, {loads} loads of weights and "
        f"{broadcasts} broadcasts",
        f"of codes in {len(loop) - 1} instructions; {stack} of them use the stack.",
        "",
        block("asm", "\n".join(excerpt(loop, 36, 6))),
    ])


def main():
    text = page()
    if "--check" not in sys.argv[1:]:
        os.makedirs(os.path.dirname(PAGE), exist_ok=True)
        with open(PAGE, "w") as file:
            file.write(text)
        return
    committed = ""
    if os.path.exists(PAGE):
        with open(PAGE) as file:
            committed = file.read()
    if committed != text:
        sys.stdout.writelines(difflib.unified_diff(
            committed.splitlines(True), text.splitlines(True), "committed", "generated"))
        sys.exit("docs/generated/walkthrough.md is out of date: run scripts/walkthrough.py")
    print("docs/generated/walkthrough.md is up to date")


if __name__ == "__main__":
    main()
