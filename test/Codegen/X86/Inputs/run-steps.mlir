!x = tensor<?xDEPTHxf32>
!codes = tensor<?xKPxi8>
!scales = tensor<?xf32>
!zeros = tensor<?xi32>
!factors = tensor<DEPTHxf32>
func.func @main(%x: !x, %y: !x, %mask: !factors, %scale: tensor<f32>, %zero: tensor<i32>)
    -> (!codes, !scales, !zeros, !codes, !scales, !codes, !scales, !zeros, !codes, !scales, !scales,
        !codes, !scales, !zeros, !codes, !scales, !codes, !scales, !factors, tensor<DEPTHxi32>, tensor<1xi32>) {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : !x
  %q = tensor.empty(%m) : !codes
  %s = tensor.empty(%m) : !scales
  %z = tensor.empty(%m) : !zeros
  %f = tensor.empty() : !factors
  %c = tensor.empty() : tensor<DEPTHxi32>
  %n = tensor.empty() : tensor<1xi32>
  %0:3 = qopt.quantize_rows ins(%x : !x) outs(%q, %s, %z : !codes, !scales, !zeros) {asymmetric} -> !codes, !scales, !zeros
  %1:2 = qopt.quantize_rows ins(%y : !x) outs(%q, %s : !codes, !scales) granularity <tensor> -> !codes, !scales
  %2:3 = qopt.quantize_rows ins(%y : !x) mask(%mask : !factors) outs(%q, %s, %z : !codes, !scales, !zeros) granularity <tensor> {asymmetric} -> !codes, !scales, !zeros
  %3:3 = qopt.quantize_rows ins(%x : !x) mask(%mask : !factors) scale(%scale : tensor<f32>) outs(%q, %s, %s : !codes, !scales, !scales) {magnitudes} -> !codes, !scales, !scales
  %4:3 = qopt.quantize_rows ins(%x : !x) scale(%scale : tensor<f32>) zero_point(%zero : tensor<i32>) outs(%q, %s, %z : !codes, !scales, !zeros) {asymmetric} -> !codes, !scales, !zeros
  %5:2 = qopt.quantize_rows ins(%x : !x) mask(%mask : !factors) outs(%q, %s : !codes, !scales) threshold 6.0 -> !codes, !scales
  %6:2 = qopt.quantize_rows ins(%x : !x) mask(%mask : !factors) outs(%q, %s : !codes, !scales) threshold 6.0 {keep_small} -> !codes, !scales
  %7:3 = qopt.find_outliers ins(%x : !x) factors(%mask : !factors) outs(%f, %c, %n : !factors, tensor<DEPTHxi32>, tensor<1xi32>) threshold 13.0 -> !factors, tensor<DEPTHxi32>, tensor<1xi32>
  return %0#0, %0#1, %0#2, %1#0, %1#1, %2#0, %2#1, %2#2, %3#0, %3#1, %3#2, %4#0, %4#1, %4#2, %5#0, %5#1, %6#0, %6#1, %7#0, %7#1, %7#2
    : !codes, !scales, !zeros, !codes, !scales, !codes, !scales, !zeros, !codes, !scales, !scales, !codes, !scales, !zeros, !codes, !scales, !codes, !scales, !factors, tensor<DEPTHxi32>, tensor<1xi32>
}
