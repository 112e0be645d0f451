// What the library says of itself: names, types with signedness, sums of symbols.
// RUN: qopt-lower %s -o %t.so
// RUN: llvm-strings %t.so | FileCheck %s
// RUN: not qopt-lower %S/Inputs/rank9.mlir -o %t.so 2>&1 | FileCheck %s --check-prefix=RANK

// CHECK: {"abi":1,"inputs":[{"dtype":"int64","name":"input \"ids\"","shape":["batch",4]},{"dtype":"uint8","name":"past_key_values.0.key","shape":["batch","past"]}],
// CHECK-SAME: "outputs":[{"dtype":"bool","name":"mask","shape":["batch",4]},{"dtype":"uint8","name":"present.0.key","shape":["batch","past + 1"]}],
// CHECK-SAME: "kv":[{"axis":1,"past":"past_key_values.0.key","present":"present.0.key"}],
// CHECK-SAME: "isa":[{{.*}}"avx512vnni"{{.*}}],"quant":"","source_sha256":"abc","weights":"embedded"}
// RANK: error: input 0 has rank 9; the rule is at most 8

module attributes {onnx.source_sha256 = "abc"} {
  func.func @main(%ids: tensor<?x4xi64> {onnx.name = "input \22ids\22", onnx.dims = ["batch", 4]},
                  %past: tensor<?x?xi8> {onnx.name = "past_key_values.0.key", onnx.dims = ["batch", "past"], qopt.element = ui8})
      -> (tensor<?x4xi1> {onnx.name = "mask", onnx.dims = ["batch", 4]},
          tensor<?x?xi8> {onnx.name = "present.0.key", onnx.dims = ["batch", "past + 1"], qopt.element = ui8}) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0 : i64
    %code = arith.constant 0 : i8
    %n = tensor.dim %ids, %c0 : tensor<?x4xi64>
    %e = tensor.empty(%n) : tensor<?x4xi1>
    %mask = linalg.map ins(%ids : tensor<?x4xi64>) outs(%e : tensor<?x4xi1>) (%id: i64, %out: i1) {
      %0 = arith.cmpi ne, %id, %zero : i64
      linalg.yield %0 : i1
    }
    %present = tensor.pad %past low[0, 0] high[0, 1] {
    ^bb0(%i: index, %j: index):
      tensor.yield %code : i8
    } : tensor<?x?xi8> to tensor<?x?xi8>
    return %mask, %present : tensor<?x4xi1>, tensor<?x?xi8>
  }
}
