func.func @main(%x: tensor<?xDEPTHxf32>, %mask: tensor<DEPTHxf32>)
    -> (tensor<?xKPxi8>, tensor<?xf32>, tensor<?xKPxi8>, tensor<?xf32>, tensor<DEPTHxf32>, tensor<DEPTHxi32>, tensor<1xi32>) {
  %zero = arith.constant 0 : index
  %m = tensor.dim %x, %zero : tensor<?xDEPTHxf32>
  %codes = tensor.empty(%m) : tensor<?xKPxi8>
  %scales = tensor.empty(%m) : tensor<?xf32>
  %0:2 = qopt.quantize_rows ins(%x : tensor<?xDEPTHxf32>) outs(%codes, %scales : tensor<?xKPxi8>, tensor<?xf32>) -> tensor<?xKPxi8>, tensor<?xf32>
  %codes1 = tensor.empty(%m) : tensor<?xKPxi8>
  %scales1 = tensor.empty(%m) : tensor<?xf32>
  %1:2 = qopt.quantize_rows ins(%x : tensor<?xDEPTHxf32>) mask(%mask : tensor<DEPTHxf32>) outs(%codes1, %scales1 : tensor<?xKPxi8>, tensor<?xf32>) -> tensor<?xKPxi8>, tensor<?xf32>
  %factors = tensor.empty() : tensor<DEPTHxf32>
  %columns = tensor.empty() : tensor<DEPTHxi32>
  %count = tensor.empty() : tensor<1xi32>
  %2:3 = qopt.find_outliers ins(%x : tensor<?xDEPTHxf32>) outs(%factors, %columns, %count : tensor<DEPTHxf32>, tensor<DEPTHxi32>, tensor<1xi32>)
    threshold 39.0 -> tensor<DEPTHxf32>, tensor<DEPTHxi32>, tensor<1xi32>
  return %0#0, %0#1, %1#0, %1#1, %2#0, %2#1, %2#2 : tensor<?xKPxi8>, tensor<?xf32>, tensor<?xKPxi8>, tensor<?xf32>, tensor<DEPTHxf32>, tensor<DEPTHxi32>, tensor<1xi32>
}
