func.func @main(%lhs: tensor<?x1xf32>, %rhs: tensor<1x1x32xf32>, %x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %zero = arith.constant 0 : index
  %m = tensor.dim %lhs, %zero : tensor<?x1xf32>
  %empty = tensor.empty(%m) : tensor<?x32xf32>
  %y = qopt.matmul ins(%lhs, %rhs : tensor<?x1xf32>, tensor<1x1x32xf32>) with(%x : tensor<?x32xf32>)
    outs(%empty : tensor<?x32xf32>) epilogue {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %a, %b : f32
    %1 = math.erf %0 : f32
    qopt.yield %1 : f32
  } -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}
