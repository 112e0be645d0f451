// A module of the kind that convert-onnx-to-linalg leaves, to a library that runs:
// softmax over rows, a transposition, a lookup, an input passed through, a join.
//
// RUN: qopt-lower %s -o %t.so
// RUN: %python %S/Inputs/make_npy.py %t.x.npy "<f4" 2x3x8 0 0 0 0 0 0 0 0 1 1 1 1 1 1 1 1 2 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 -4 0 0 0 0 0 0 2
// RUN: %python %S/Inputs/make_npy.py %t.ids.npy "<i8" 3 1 0 1
// RUN: qopt-run %t.so --isa=avx2 --threads=1 --input x=@%t.x.npy --input ids=@%t.ids.npy | FileCheck %s
// CHECK: 'soft' float32[2, 3, 8] = 0.125, 0.125, 0.125, 0.125
// CHECK: 'trans' float32[3, 2, 8] = 0.125, 0.125
// CHECK: 'gath' float32[3, 8] = 10, 11, 12, 13
// CHECK: 'pass' int64[3] = 1, 0, 1
// CHECK: 'cat' float32[2, 6, 8] = 0, 0, 0, 0
//
// Weights out of the reach of 32 bits give the same.
// RUN: qopt-lower %s --large-weights=16 -o %t.large.so
// RUN: llvm-readelf -S %t.large.so | FileCheck %s --check-prefix=LARGE
// LARGE: .lrodata
// RUN: qopt-run %t.large.so --input x=@%t.x.npy --input ids=@%t.ids.npy | FileCheck %s
//
// The run ends at a check that does not hold.
// RUN: %python %S/Inputs/make_npy.py %t.long.npy "<f4" 1x5x8 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
// RUN: not qopt-run %t.so --input x=@%t.long.npy --input ids=@%t.ids.npy 2>&1 | FileCheck %s --check-prefix=LONG
// LONG: sequence of 5 is longer than 4
//
// Equal input, equal bytes, whatever the number of threads; one exported symbol;
// nothing needed but the C library.
// RUN: qopt-lower %s -o %t.again.so -j 1
// RUN: cmp %t.so %t.again.so
// RUN: llvm-nm -D --defined-only %t.so | FileCheck %s --check-prefix=EXPORTS
// EXPORTS: T qopt_model_query
// EXPORTS-NOT: {{.}}
// RUN: llvm-readelf -d %t.so | FileCheck %s --check-prefix=NEEDED
// NEEDED: NEEDED{{.*}}libc.so.6
// NEEDED-NOT: NEEDED

#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#row = affine_map<(d0, d1, d2) -> (d0, d1)>
#last = affine_map<(d0, d1, d2) -> (d2)>
#tr = affine_map<(d0, d1, d2) -> (d1, d0, d2)>
module attributes {onnx.source_sha256 = "00"} {
  func.func @main(%x: tensor<?x?x8xf32> {onnx.name = "x", onnx.dims = ["batch", "seq", 8]}, %ids: tensor<?xi64> {onnx.name = "ids", onnx.dims = ["n"]})
     -> (tensor<?x?x8xf32> {onnx.name = "soft"}, tensor<?x?x8xf32> {onnx.name = "trans"}, tensor<?x8xf32> {onnx.name = "gath"}, tensor<?xi64> {onnx.name="pass"}, tensor<?x?x8xf32> {onnx.name = "cat"}) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %true = arith.constant true
    %zero = arith.constant 0.0 : f32
    %ninf = arith.constant 0xFF800000 : f32
    %d0 = tensor.dim %x, %c0 : tensor<?x?x8xf32>
    %d1 = tensor.dim %x, %c1 : tensor<?x?x8xf32>
    %ok = arith.cmpi ule, %d1, %c4 : index
    qopt.require %ok, "sequence of {0} is longer than {1}" (%d1, %c4)
    %w = qopt.weight dense<[0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]> : tensor<8xf32> : tensor<8xf32>
    %tab = qopt.weight dense<[[0.,1.,2.,3.,4.,5.,6.,7.],[10.,11.,12.,13.,14.,15.,16.,17.]]> : tensor<2x8xf32> : tensor<2x8xf32>
    %e = tensor.empty(%d0, %d1) : tensor<?x?x8xf32>
    %y = linalg.generic {indexing_maps = [#id, #last, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %w : tensor<?x?x8xf32>, tensor<8xf32>) outs(%e : tensor<?x?x8xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %t = arith.mulf %a, %b : f32
      linalg.yield %t : f32
    } -> tensor<?x?x8xf32>
    %es = tensor.empty(%d0, %d1) : tensor<?x?xf32>
    %f = linalg.fill ins(%ninf : f32) outs(%es : tensor<?x?xf32>) -> tensor<?x?xf32>
    %m = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%y : tensor<?x?x8xf32>) outs(%f : tensor<?x?xf32>) {
    ^bb0(%a: f32, %o: f32):
      %t = arith.maximumf %a, %o : f32
      linalg.yield %t : f32
    } -> tensor<?x?xf32>
    %ex = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%y, %m : tensor<?x?x8xf32>, tensor<?x?xf32>) outs(%e : tensor<?x?x8xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %t = arith.subf %a, %b : f32
      %u = math.exp %t : f32
      linalg.yield %u : f32
    } -> tensor<?x?x8xf32>
    %f2 = linalg.fill ins(%zero : f32) outs(%es : tensor<?x?xf32>) -> tensor<?x?xf32>
    %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%ex : tensor<?x?x8xf32>) outs(%f2 : tensor<?x?xf32>) {
    ^bb0(%a: f32, %o: f32):
      %t = arith.addf %a, %o : f32
      linalg.yield %t : f32
    } -> tensor<?x?xf32>
    %soft = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%ex, %s : tensor<?x?x8xf32>, tensor<?x?xf32>) outs(%e : tensor<?x?x8xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %t = arith.divf %a, %b : f32
      linalg.yield %t : f32
    } -> tensor<?x?x8xf32>
    %et = tensor.empty(%d1, %d0) : tensor<?x?x8xf32>
    %trans = linalg.generic {indexing_maps = [#tr, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%soft : tensor<?x?x8xf32>) outs(%et : tensor<?x?x8xf32>) {
    ^bb0(%a: f32, %o: f32):
      linalg.yield %a : f32
    } -> tensor<?x?x8xf32>
    %n = tensor.dim %ids, %c0 : tensor<?xi64>
    %eg = tensor.empty(%n) : tensor<?x8xf32>
    %gath = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%ids : tensor<?xi64>) outs(%eg : tensor<?x8xf32>) {
    ^bb0(%i: i64, %o: f32):
      %k = arith.index_cast %i : i64 to index
      %j = linalg.index 1 : index
      %v = tensor.extract %tab[%k, %j] : tensor<2x8xf32>
      linalg.yield %v : f32
    } -> tensor<?x8xf32>
    %cat = tensor.concat dim(1) %x, %soft : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    return %soft, %trans, %gath, %ids, %cat : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?xi64>, tensor<?x?x8xf32>
  }
}
