"""Rows G06 to G15: legal oddities and broken rules of graphs, functions and shapes.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os

import numpy as np
import support
from graphs import graph_case, ints
from harness import Case
from harness import row as row_of
from models import FLOAT, make, save, value, weight
from onnx import AttributeProto, TensorProto, helper

node = helper.make_node
ONES = np.ones(4, np.float32)


def g06():
    add = node("Add", ["x", "w"], ["y"])
    for ir in (3, 4, 8):
        listed = make([add], inputs=[value("x"), value("w", (4,))], weights=[weight("w", ONES)], ir=ir)
        yield graph_case("G06", f"initializer listed as an input, IR {ir}", listed, 0)
    unused = make([node("Relu", ["x"], ["y"])], weights=[weight("w", ONES)])
    yield graph_case("G06", "unused initializer", unused, 0)
    inputs = make([node("Relu", ["x"], ["y"])], inputs=[value("x"), value("z", ("m", 7))])
    yield graph_case("G06", "unused input", inputs, 0)


def with_functions(functions, nodes):
    model = make(nodes, domains=["local"], ir=9)
    model.functions.extend(functions)
    return model


def function(name, nodes):
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    return helper.make_function("local", name, ["a"], ["b"], nodes, opsets)


def call(name, source="a", target="b"):
    return node(name, [source], [target], domain="local")


def g07():
    main = [call("f", "x", "y")]
    legal = with_functions([function("f", [node("Relu", ["a"], ["b"])])], main)
    yield graph_case("G07", "a function, for comparison", legal, 0)
    yield graph_case("G07", "function calls itself", with_functions([function("f", [call("f")])], main))
    mutual = [function("f", [call("g")]), function("g", [call("f")])]
    yield graph_case("G07", "two functions call each other", with_functions(mutual, main))
    branches = [helper.make_graph([call("f", "a", f"b{i}")], f"g{i}", [], [value(f"b{i}")]) for i in "te"]
    through = [node("Constant", [], ["c"], value=weight("c", np.array(True))),
               node("If", ["c"], ["b"], then_branch=branches[0], else_branch=branches[1])]
    yield graph_case("G07", "function calls itself in a branch of If", with_functions([function("f", through)], main))
    many = [function(f"f{i}", [node("Relu", ["a"], ["b"])]) for i in range(10001)]
    yield graph_case("G07", "10,001 functions", with_functions(many, [call("f0", "x", "y")]), (1, 5))
    deep = [function(f"f{i}", [call(f"f{i + 1}")]) for i in range(101)]
    deep.append(function("f101", [node("Relu", ["a"], ["b"])]))
    yield graph_case("G07", "calls 102 deep", with_functions(deep, [call("f0", "x", "y")]), (1, 5))
    double = [function(f"f{i}", [call(f"f{i + 1}", "a", "m"), call(f"f{i + 1}", "m", "b")]) for i in range(40)]
    double.append(function("f40", [node("Relu", ["a"], ["b"])]))
    yield graph_case("G07", "2^40 nodes after inlining", with_functions(double, [call("f0", "x", "y")]), (1, 5))
    clash = helper.make_function("", "Relu", ["a"], ["b"], [node("Neg", ["a"], ["b"])],
                                 [helper.make_opsetid("", 17)])
    model = make([node("Relu", ["x"], ["y"])], ir=9)
    model.functions.append(clash)
    yield graph_case("G07", "function with the name of a standard operator", model)
    twice = [function("f", [node("Relu", ["a"], ["b"])]), function("f", [node("Neg", ["a"], ["b"])])]
    yield graph_case("G07", "two functions of one name", with_functions(twice, main))
    lost = [function("f", [node("Relu", ["nowhere"], ["b"])])]
    yield graph_case("G07", "function reads what is not there", with_functions(lost, main))


def g08():
    def one(name, change, op="Transpose", codes=1, **attributes):
        it = node(op, ["x"], ["y"], name="it", **attributes)
        change(it)
        return graph_case("G08", name, make([it], outputs=[helper.make_tensor_value_info("y", FLOAT, None)]),
                          codes, says=None if codes == 0 else "it|perm|to|frob")

    def append(**attribute):
        return lambda it: it.attribute.append(AttributeProto(**attribute))

    yield one("required attribute missing", lambda it: None, op="Cast")
    yield one("wrong type", append(name="perm", type=AttributeProto.STRING, s=b"10"))
    yield one("type says floats, value is ints", append(name="perm", type=AttributeProto.FLOATS, ints=[1, 0]))
    yield one("twice", append(name="perm", type=AttributeProto.INTS, ints=[1, 0]), perm=[1, 0])
    yield one("both f and i set", append(name="to", type=AttributeProto.INT, i=1, f=1.0), op="Cast")
    yield one("ref_attr_name outside of a function",
              append(name="perm", type=AttributeProto.INTS, ref_attr_name="p"))
    yield one("unknown attribute", append(name="frob", type=AttributeProto.INT, i=1))
    yield one("no name", append(type=AttributeProto.INT, i=1))
    yield one("no type, a value (IR 2 wrote that)", append(name="perm", ints=[1, 0]), codes=(0, 1))
    yield one("type UNDEFINED and no value", append(name="perm"))


def g10():
    def one(name, info, codes=(1, 3), says="'x'"):
        model = make([node("Identity", ["x"], ["y"])], inputs=[info],
                     outputs=[helper.make_tensor_value_info("y", FLOAT, None)])
        return graph_case("G10", name, model, codes, says=says)

    untyped = helper.make_tensor_value_info("x", FLOAT, None)
    untyped.ClearField("type")
    yield one("input without a type", untyped)
    no_element = value("x")
    no_element.type.tensor_type.elem_type = 0
    yield one("input without an element type", no_element)
    yield one("input without a shape", helper.make_tensor_value_info("x", FLOAT, None))
    yield one("sequence", helper.make_tensor_sequence_value_info("x", FLOAT, [2]))
    tensor = helper.make_tensor_type_proto(FLOAT, [2])
    yield one("optional", helper.make_value_info("x", helper.make_optional_type_proto(tensor)))
    yield one("map", helper.make_value_info("x", helper.make_map_type_proto(TensorProto.INT64, tensor)))
    yield one("sparse", helper.make_sparse_tensor_value_info("x", FLOAT, [2]))
    yield one("string", value("x", dtype=TensorProto.STRING))
    yield one("complex", value("x", dtype=TensorProto.COMPLEX64))
    yield one("element type 99", value("x", dtype=99))


def g11():
    def one(name, dims, codes=(0, 1)):
        model = make([node("Relu", ["x"], ["y"])], inputs=[value("x", dims)],
                     outputs=[helper.make_tensor_value_info("y", FLOAT, None)])
        return graph_case("G11", name, model, codes)

    for text in ("", "a b", "past + seq", "-1", "n * 2", "(", "\x00", "\xe9" * 50):
        yield one(f"dim_param {text!r}"[:60], [text, 4])
    for size in (-1, 0, 1 << 31, (1 << 63) - 1):
        yield one(f"dim_value {size}", [size, 4])
    many = [value(f"x{i}", [f"d{i}_{k}" for k in range(8)]) for i in range(10_000 // 8)]
    model = make([node("Relu", ["x0"], ["y"])], inputs=many,
                 outputs=[helper.make_tensor_value_info("y", FLOAT, None)])
    yield graph_case("G11", "10,000 dim_params", model, (0, 1))

    def two_sizes(result, directory):
        """The library says so when it runs."""
        for name, rows in (("x", 2), ("z", 3)):
            np.save(os.path.join(directory, name + ".npy"), np.zeros((rows, 4), np.float32))
        run = support.run([support.QOPT_RUN, "out.so", "--input", "x=@x.npy", "--input", "z=@z.npy"],
                          cwd=directory)
        assert run.code == 4 and "'n'" in run.stderr + run.stdout, f"the run: {run.code} {run.stderr}"

    both = make([node("Relu", ["x"], ["y"]), node("Neg", ["z"], ["v"])], inputs=[value("x"), value("z")],
                outputs=[value("y"), value("v")])
    yield graph_case("G11", "one name bound to two sizes", both, 0, then=two_sizes)


def g12():
    flag = value("c", (), TensorProto.BOOL)

    def one(name, then_nodes, result, codes):
        branches = [helper.make_graph(then_nodes, "t", [], [value(result)]),
                    helper.make_graph([node("Neg", ["x"], ["e"])], "e", [], [value("e")])]
        nodes = [node("Exp", ["x"], ["outer"]),
                 node("If", ["c"], ["y"], name="choice", then_branch=branches[0], else_branch=branches[1])]
        return graph_case("G12", name, make(nodes, inputs=[value("x"), flag]), codes)

    yield one("subgraph reads outer values (legal)", [node("Relu", ["outer"], ["t"])], "t", 0)
    yield one("subgraph gives an outer value back (legal)", [node("Relu", ["outer"], ["t"])], "outer", (0, 1))
    yield one("subgraph shadows an outer name", [node("Relu", ["x"], ["outer"])], "outer", 1)
    yield one("subgraph shadows an input", [node("Relu", ["x"], ["x"])], "x", 1)
    yield one("subgraph reads what is made later", [node("Relu", ["y"], ["t"])], "t", 1)
    outer = [helper.make_graph([node("Relu", ["x"], [name])], name, [], [value(name)]) for name in "te"]
    leak = make([node("If", ["c"], ["s"], then_branch=outer[0], else_branch=outer[1]), node("Neg", ["t"], ["y"])],
                inputs=[value("x"), flag])
    yield graph_case("G12", "outer graph reads a name of the subgraph", leak)


def g13():
    def big(name, model, **limits):
        @row_of("G13")
        def maker(directory):
            save(directory, model())
            return Case("G13", name, 0, flags=["--isa=avx2"], **limits)

        return maker

    def chain():
        names = ["x"] + [f"t{i}" for i in range(199_999)] + ["y"]
        return make([node("Add", [a, "x"], [b]) for a, b in zip(names, names[1:])])

    def wide():
        nodes = [node("Relu", ["x"], [f"t{i}"]) for i in range(200_000)]
        return make(nodes + [node("Identity", ["t7"], ["y"])])

    def concat():
        return make([node("Concat", ["x"] * 100_000, ["y"], axis=0)], outputs=[value("y", ("m", 4))])

    yield big("a chain of 200,000 Adds", chain, seconds=120, megabytes=1024)
    yield big("one value used 200,000 times", wide, seconds=60, megabytes=3072)
    yield big("a node with 100,000 inputs", concat, seconds=120, megabytes=4096)


def g14():
    relu = [node("Relu", ["x"], ["t"], name="first"), node("Neg", ["t"], ["y"], name="second")]

    def one(name, info, says="'?t'?|first|second"):
        model = make(relu, inputs=[value("x", (3, 4))], outputs=[value("y", (3, 4))])
        model.graph.value_info.append(info)
        return graph_case("G14", name, model, says=says)

    yield one("value_info of another size", value("t", (5, 4)))
    yield one("value_info of another rank", value("t", (3, 4, 1)))
    yield one("value_info of another element type", value("t", (3, 4), TensorProto.INT64))
    size = make([relu[0], relu[1]], inputs=[value("x", (3, 4))], outputs=[value("y", (7, 4))])
    yield graph_case("G14", "output of another size", size, says="'y'|second")
    dtype = make(relu, inputs=[value("x", (3, 4))], outputs=[value("y", (3, 4), TensorProto.DOUBLE)])
    yield graph_case("G14", "output of another element type", dtype, says="'y'|second")


def g15():
    def run_with(shapes, expected):
        def then(result, directory):
            argv = [support.QOPT_RUN, "out.so", "--output", "y=@y.npy"]
            for name, (shape, dtype) in shapes.items():
                np.save(os.path.join(directory, name + ".npy"), np.zeros(shape, dtype))
                argv += ["--input", f"{name}=@{name}.npy"]
            run = support.run(argv, cwd=directory)
            assert run.code == 0, f"the run: {run.code} {run.first_error}"
            shape = np.load(os.path.join(directory, "y.npy")).shape
            assert shape == expected, f"the result has the shape {shape}, not {expected}"

        return then

    f = np.float32
    softmax = [node("MatMul", ["x", "w"], ["s"]), node("Softmax", ["s"], ["p"], axis=-1),
               node("LayerNormalization", ["p", "g"], ["y"])]
    model = make(softmax, weights=[weight("w", np.ones((4, 4), f)), weight("g", ONES)])
    yield graph_case("G15", "batch 0 through MatMul, Softmax, LayerNormalization", model, 0,
                     then=run_with({"x": ((0, 4), f)}, (0, 4)))
    reduce = make([node("ReduceSum", ["x", "a"], ["y"], keepdims=0)], weights=[ints("a", [0])],
                  outputs=[value("y", (4,))])
    yield graph_case("G15", "sum over 0 rows", reduce, 0, then=run_with({"x": ((0, 4), f)}, (4,)))
    inner = make([node("MatMul", ["a", "b"], ["y"])], inputs=[value("a", ("m", "k")), value("b", ("k", "n"))],
                 outputs=[value("y", ("m", "n"))])
    yield graph_case("G15", "product over an inner dim of 0", inner, 0,
                     then=run_with({"a": ((2, 0), f), "b": ((0, 3), f)}, (2, 3)))
    past = make([node("Concat", ["past", "x"], ["y"], axis=1)],
                inputs=[value("past", ("b", "p", 4)), value("x", ("b", "s", 4))],
                outputs=[value("y", ("b", "t", 4))])
    yield graph_case("G15", "past of length 0", past, 0,
                     then=run_with({"past": ((2, 0, 4), f), "x": ((2, 3, 4), f)}, (2, 3, 4)))
    gather = make([node("Gather", ["w", "ids"], ["y"])], inputs=[value("ids", ("b", "s"), TensorProto.INT64)],
                  outputs=[value("y", ("b", "s", 4))], weights=[weight("w", np.ones((5, 4), f))])
    yield graph_case("G15", "no token at all", gather, 0,
                     then=run_with({"ids": ((2, 0), np.int64)}, (2, 0, 4)))
    static = make([node("Relu", ["x"], ["y"])], inputs=[value("x", (0, 4))], outputs=[value("y", (0, 4))])
    yield graph_case("G15", "a declared dim of 0", static, 0, then=run_with({"x": ((0, 4), f)}, (0, 4)))
    empty = make([node("Concat", ["x", "w"], ["y"], axis=0)], weights=[weight("w", np.ones((0, 4), f))],
                 outputs=[value("y", ("m", 4))])
    yield graph_case("G15", "an initializer without elements", empty, 0,
                     then=run_with({"x": ((3, 4), f)}, (3, 4)))


def cases():
    for rows in (g06, g07, g08, g10, g11, g12, g13, g14, g15):
        yield from rows()
