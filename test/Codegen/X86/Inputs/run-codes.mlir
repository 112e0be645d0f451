func.func @main(%lhs: tensor<?xKPxi8>, %rhs: tensor<PANELSxKBLOCKSx2x16x64xi8>, %ls: tensor<?xf32>, %rs: tensor<COLUMNSxf32>,
                %tl: tensor<?xTAILxf32>, %tr: tensor<TAILROWS>, %sums: tensor<WIDTHxi32>, %bias: tensor<COLUMNSxf32>,
                %residual: tensor<?xCOLUMNSxf32>) -> tensor<?xCOLUMNSxf32> {
  %zero = arith.constant 0 : index
  %m = tensor.dim %lhs, %zero : tensor<?xKPxi8>
  %empty = tensor.empty(%m) : tensor<?xCOLUMNSxf32>
  %y = qopt.matmul ins(%lhs, %rhs : tensor<?xKPxi8>, tensor<PANELSxKBLOCKSx2x16x64xi8>)
    row_scales(%ls : tensor<?xf32>) column_scales(%rs : tensor<COLUMNSxf32>)
    tail(%tl : tensor<?xTAILxf32>) tail_rows(%tr : tensor<TAILROWS>)
    sums(%sums : tensor<WIDTHxi32>)
    with(%bias, %residual : tensor<COLUMNSxf32>, tensor<?xCOLUMNSxf32>)
    outs(%empty : tensor<?xCOLUMNSxf32>) epilogue {
  ^bb0(%a: f32, %b: f32, %r: f32):
    %0 = arith.addf %a, %b : f32
    %1 = arith.addf %0, %r : f32
    qopt.yield %1 : f32
  } -> tensor<?xCOLUMNSxf32>
  return %y : tensor<?xCOLUMNSxf32>
}
