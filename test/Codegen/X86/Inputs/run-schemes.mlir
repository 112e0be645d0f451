func.func @main(%lhs: tensor<?xKPxi8>, %rhs: tensor<PANELSxKBLOCKSx2x16x64xi8>, %ls: tensor<?xf32>, %rs: tensor<SCALESxf32>,
                %zeros: tensor<?xi32>, %tail: tensor<?x?xf32>, %columns: tensor<?xi32>, %sums: tensor<SUMSxi32>,
                %bias: tensor<COLUMNSxf32>) -> tensor<?xCOLUMNSxf32> {
  %zero = arith.constant 0 : index
  %m = tensor.dim %lhs, %zero : tensor<?xKPxi8>
  %empty = tensor.empty(%m) : tensor<?xCOLUMNSxf32>
  %y = qopt.matmul ins(%lhs, %rhs : tensor<?xKPxi8>, tensor<PANELSxKBLOCKSx2x16x64xi8>) GROUP
    row_scales(%ls : tensor<?xf32>) column_scales(%rs : tensor<SCALESxf32>) ZEROS
    tail(%tail : tensor<?x?xf32>) columns(%columns : tensor<?xi32>) sums(%sums : tensor<SUMSxi32>)
    with(%bias : tensor<COLUMNSxf32>) outs(%empty : tensor<?xCOLUMNSxf32>) epilogue {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %a, %b : f32
    qopt.yield %0 : f32
  } -> tensor<?xCOLUMNSxf32>
  return %y : tensor<?xCOLUMNSxf32>
}
