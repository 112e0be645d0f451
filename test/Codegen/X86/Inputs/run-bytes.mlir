func.func @main(%lhs: tensor<?xDEPTHxf32>, %rhs: tensor<PANELSxDEPTHx32xi8>, %rs: tensor<SCALESxf32>,
                %bias: tensor<COLUMNSxf32>) -> tensor<?xCOLUMNSxf32> {
  %zero = arith.constant 0 : index
  %m = tensor.dim %lhs, %zero : tensor<?xDEPTHxf32>
  %empty = tensor.empty(%m) : tensor<?xCOLUMNSxf32>
  %y = qopt.matmul ins(%lhs, %rhs : tensor<?xDEPTHxf32>, tensor<PANELSxDEPTHx32xi8>) GROUP
    column_scales(%rs : tensor<SCALESxf32>) with(%bias : tensor<COLUMNSxf32>)
    outs(%empty : tensor<?xCOLUMNSxf32>) epilogue {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %a, %b : f32
    qopt.yield %0 : f32
  } -> tensor<?xCOLUMNSxf32>
  return %y : tensor<?xCOLUMNSxf32>
}
