func.func @main(%lhs: tensor<?xDEPTHxf32>, %rhs: tensor<PANELSxDEPTHx32xWEIGHT>, %bias: tensor<COLUMNSxf32>,
                %residual: tensor<?xCOLUMNSxf32>) -> tensor<?xCOLUMNSxf32> {
  %zero = arith.constant 0 : index
  %m = tensor.dim %lhs, %zero : tensor<?xDEPTHxf32>
  %empty = tensor.empty(%m) : tensor<?xCOLUMNSxf32>
  %y = qopt.matmul ins(%lhs, %rhs : tensor<?xDEPTHxf32>, tensor<PANELSxDEPTHx32xWEIGHT>)
    with(%bias, %residual : tensor<COLUMNSxf32>, tensor<?xCOLUMNSxf32>)
    outs(%empty : tensor<?xCOLUMNSxf32>) epilogue {
  ^bb0(%a: f32, %b: f32, %r: f32):
    %0 = arith.addf %a, %b : f32
    %1 = arith.addf %0, %r : f32
    qopt.yield %1 : f32
  } -> tensor<?xCOLUMNSxf32>
  return %y : tensor<?xCOLUMNSxf32>
}
