// RUN: qopt-opt %s -split-input-file -verify-diagnostics

func.func @quantize_c1(%x: tensor<4x8xf32>, %s: tensor<8xf32>) {
  // expected-error @+1 {{C1: codes and values differ in shape}}
  %q = qopt.quantize %x, %s granularity <channel> : tensor<4x8xf32>, tensor<8xf32> -> tensor<4x9xi8>
  return
}

// -----

func.func @quantize_c2(%x: tensor<4x8xf32>, %s: tensor<8xf32>) {
  // expected-error @+1 {{C2: a scale per tensor has rank 0, not 1}}
  %q = qopt.quantize %x, %s granularity <tensor> : tensor<4x8xf32>, tensor<8xf32> -> tensor<4x8xi8>
  return
}

// -----

func.func @dequantize_c2(%q: tensor<4x8xi8>, %s: tensor<4x8xf32>) {
  // expected-error @+1 {{C2: a scale per token has rank 1, not 2}}
  %x = qopt.dequantize %q, %s granularity <token> : tensor<4x8xi8>, tensor<4x8xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @dynamic_quantize_c2(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{C2: the scale has the shape of the input without its last axis}}
  %q, %s = qopt.dynamic_quantize %x : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<8xf32>
  return
}

// -----

func.func @dynamic_quantize_c3(%x: tensor<4x8xf32>, %f: tensor<4xf32>) {
  // expected-error @+1 {{C3: there is one factor per column}}
  %q, %s = qopt.dynamic_quantize %x factors(%f : tensor<4xf32>) : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<4xf32>
  return
}

// -----

func.func @split_none(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{mode is static, guarded, dynamic or dynamic_row}}
  %b, %t, %c = qopt.outlier_split %x mode <none> : tensor<4x8xf32> -> tensor<4x8xf32>, tensor<4x?xf32>, tensor<?xi32>
  return
}

// -----

func.func @split_c2_order(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{C2: outliers ascend strictly within [0, K)}}
  %b, %t, %c = qopt.outlier_split %x mode <static> outliers [5, 5] : tensor<4x8xf32> -> tensor<4x8xf32>, tensor<4x2xf32>, tensor<2xi32>
  return
}

// -----

func.func @split_c2_range(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{C2: outliers ascend strictly within [0, K)}}
  %b, %t, %c = qopt.outlier_split %x mode <static> outliers [8] : tensor<4x8xf32> -> tensor<4x8xf32>, tensor<4x1xf32>, tensor<1xi32>
  return
}

// -----

func.func @split_c2_count(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{C2: tail and columns have 1 columns, one per outlier}}
  %b, %t, %c = qopt.outlier_split %x mode <static> outliers [3] : tensor<4x8xf32> -> tensor<4x8xf32>, tensor<4x2xf32>, tensor<2xi32>
  return
}

// -----

func.func @split_c3(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{C3: dynamic mode takes a positive threshold and no list of outliers}}
  %b, %t, %c = qopt.outlier_split %x mode <dynamic> outliers [3] threshold 6.0 : tensor<4x8xf32> -> tensor<4x8xf32>, tensor<4x?xf32>, tensor<?xi32>
  return
}

// -----

func.func @matmul_c1(%q: tensor<4x8xi8>, %s: tensor<4xf32>, %w: tensor<9x2xi8>, %ws: tensor<2xf32>) {
  // expected-error @+1 {{C1: codes are [..., K], the weight is [K, N], its scale rank 0, [N] or [ceil(K / group_size), N]}}
  %y = qopt.quantized_matmul %q, %s, %w, %ws : tensor<4x8xi8>, tensor<4xf32>, tensor<9x2xi8>, tensor<2xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @matmul_c1_bias(%q: tensor<4x8xi8>, %s: tensor<4xf32>, %w: tensor<8x2xi8>, %ws: tensor<2xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{C1: the bias is [N]}}
  %y = qopt.quantized_matmul %q, %s, %w, %ws bias(%b : tensor<3xf32>) : tensor<4x8xi8>, tensor<4xf32>, tensor<8x2xi8>, tensor<2xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @matmul_c2(%q: tensor<4x133145xi8>, %s: tensor<4xf32>, %w: tensor<133145x2xi8>, %ws: tensor<2xf32>) {
  // expected-error @+1 {{C2: K of 133145 can overflow the i32 sum (limit 133144)}}
  %y = qopt.quantized_matmul %q, %s, %w, %ws : tensor<4x133145xi8>, tensor<4xf32>, tensor<133145x2xi8>, tensor<2xf32> -> tensor<4x2xf32>
  return
}

// -----

// expected-error @+1 {{weight_bits must be 8, got 4}}
#scheme = #qopt.scheme<weight_bits = 4, weight_granularity = channel, activation_granularity = token, outliers = none, threshold = 0.0 : f32>

// -----

// expected-error @+1 {{weight_granularity must be tensor, channel or group}}
#scheme = #qopt.scheme<weight_bits = 8, weight_granularity = token, activation_granularity = token, outliers = none, threshold = 0.0 : f32>

// -----

// expected-error @+1 {{activation_granularity must be token, tensor or none}}
#scheme = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = channel, outliers = none, threshold = 0.0 : f32>

// -----

// expected-error @+1 {{group_size is positive with weight_granularity = group}}
#scheme = #qopt.scheme<weight_bits = 8, weight_granularity = group, activation_granularity = token, outliers = none, threshold = 0.0 : f32>

// -----

// expected-error @+1 {{group_size is positive with weight_granularity = group}}
#scheme = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = none, threshold = 0.0 : f32, group_size = 32>

// -----

// expected-error @+1 {{float activations have no codes}}
#scheme = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = none, outliers = none, threshold = 0.0 : f32, asymmetric = true>

// -----

// expected-error @+1 {{a static scale is one per tensor}}
#scheme = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = none, threshold = 0.0 : f32, activation_mode = static>

// -----

// expected-error @+1 {{a static scale needs a static list of outliers}}
#scheme = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = tensor, outliers = dynamic, threshold = 6.0 : f32, activation_mode = static>

// -----

// expected-error @+1 {{guarded outliers need a positive threshold}}
#scheme = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = guarded, threshold = 0.0 : f32>

// -----

// expected-error @+1 {{tail = codes goes with outliers that are found at run time}}
#scheme = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = static, threshold = 6.0 : f32, tail = codes>

// -----

// expected-error @+1 {{dynamic outliers need a positive threshold}}
#scheme = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = dynamic, threshold = 0.0 : f32>

// -----

func.func @weight() {
  // expected-error @+1 {{has the shape and element type of its value}}
  %w = qopt.weight dense<1> : tensor<2x2xi8> : tensor<4xi8>
  return
}

// -----

func.func @rows_padding(%x: tensor<?x100xf32>, %q: tensor<?x100xi8>, %s: tensor<?xf32>) {
  // expected-error @+1 {{needs a static K, and Kp = K rounded up to 64, or 64 more where that is a multiple of 2048}}
  %0, %1 = qopt.quantize_rows ins(%x : tensor<?x100xf32>) outs(%q, %s : tensor<?x100xi8>, tensor<?xf32>) -> tensor<?x100xi8>, tensor<?xf32>
  return
}

// -----

func.func @rows_mixed(%x: tensor<?x64xf32>, %q: memref<?x64xi8>, %s: memref<?xf32>) {
  // expected-error @+1 {{mixes tensors and memrefs}}
  qopt.quantize_rows ins(%x : tensor<?x64xf32>) outs(%q, %s : memref<?x64xi8>, memref<?xf32>)
  return
}

// -----

func.func @outliers_shape(%x: memref<?x64xf32>, %m: memref<64xf32>, %c: memref<32xi32>, %n: memref<1xi32>) {
  // expected-error @+1 {{needs a static K, factors [K], mask [K], columns [K], count [1]}}
  qopt.find_outliers ins(%x : memref<?x64xf32>) outs(%m, %c, %n : memref<64xf32>, memref<32xi32>, memref<1xi32>) threshold 6.0
  return
}

// -----

func.func @outliers_threshold(%x: memref<?x64xf32>, %m: memref<64xf32>, %c: memref<64xi32>, %n: memref<1xi32>) {
  // expected-error @+1 {{needs a positive threshold}}
  qopt.find_outliers ins(%x : memref<?x64xf32>) outs(%m, %c, %n : memref<64xf32>, memref<64xi32>, memref<1xi32>) threshold 0.0
  return
}

// -----

func.func @kernel_scales(%q: memref<?x64xi8>, %w: memref<64x8xi8>, %y: memref<?x8xf32>) {
  // expected-error @+1 {{has row scales exactly when it multiplies codes, and column scales exactly when its weights are codes}}
  qopt.matmul ins(%q, %w : memref<?x64xi8>, memref<64x8xi8>) outs(%y : memref<?x8xf32>) epilogue {
    ^bb0(%a: f32):
      qopt.yield %a : f32
  }
  return
}

// -----

func.func @kernel_bf16(%x: memref<?x48xbf16>, %w: memref<48x8xbf16>, %y: memref<?x8xf32>) {
  // expected-error @+1 {{bf16 rows meet bf16 weights, and K is a multiple of 32}}
  qopt.matmul ins(%x, %w : memref<?x48xbf16>, memref<48x8xbf16>) outs(%y : memref<?x8xf32>) epilogue {
    ^bb0(%a: f32):
      qopt.yield %a : f32
  }
  return
}

// -----

func.func @kernel_rhs(%x: memref<?x64xf32>, %w: memref<32x8xf32>, %y: memref<?x8xf32>) {
  // expected-error @+1 {{rhs is [K, N] or its packed form}}
  qopt.matmul ins(%x, %w : memref<?x64xf32>, memref<32x8xf32>) outs(%y : memref<?x8xf32>) epilogue {
    ^bb0(%a: f32):
      qopt.yield %a : f32
  }
  return
}

// -----

func.func @kernel_epilogue(%x: memref<?x64xf32>, %w: memref<64x8xf32>, %y: memref<?x8xf32>) {
  // expected-error @+1 {{the epilogue takes the f32 accumulator and one element of each input}}
  qopt.matmul ins(%x, %w : memref<?x64xf32>, memref<64x8xf32>) outs(%y : memref<?x8xf32>) epilogue {
    ^bb0(%a: f32, %b: f32):
      qopt.yield %a : f32
  }
  return
}

// -----

func.func @kernel_yield(%x: memref<?x64xf32>, %w: memref<64x8xf32>, %y: memref<?x8xf32>) {
  // expected-error @+1 {{the epilogue yields one value per init}}
  qopt.matmul ins(%x, %w : memref<?x64xf32>, memref<64x8xf32>) outs(%y : memref<?x8xf32>) epilogue {
    ^bb0(%a: f32):
      qopt.yield %a, %a : f32, f32
  }
  return
}

// -----

func.func @matmul_c1_result(%q: tensor<4x8xi8>, %s: tensor<4xf32>, %w: tensor<8x2xi8>, %ws: tensor<2xf32>) {
  // expected-error @+1 {{C1: the result has the shape of the rows, but for N columns}}
  %y = qopt.quantized_matmul %q, %s, %w, %ws : tensor<4x8xi8>, tensor<4xf32>, tensor<8x2xi8>, tensor<2xf32> -> tensor<4x3xf32>
  return
}

// -----

func.func @matmul_c3_rows(%q: tensor<4x8xi8>, %s: tensor<4xf32>, %w: tensor<8x2xi8>, %ws: tensor<2xf32>, %t: tensor<4x3xf32>, %tw: tensor<2x2xf16>) {
  // expected-error @+1 {{C3: the tail weight is [J, N], or [K, N] with columns}}
  %y = qopt.quantized_matmul %q, %s, %w, %ws tail(%t : tensor<4x3xf32>) tail_weight(%tw : tensor<2x2xf16>) : tensor<4x8xi8>, tensor<4xf32>, tensor<8x2xi8>, tensor<2xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @matmul_c3_columns(%q: tensor<4x8xi8>, %s: tensor<4xf32>, %w: tensor<8x2xi8>, %ws: tensor<2xf32>, %c: tensor<?xi32>) {
  // expected-error @+1 {{C3: columns need a tail}}
  %y = qopt.quantized_matmul %q, %s, %w, %ws columns(%c : tensor<?xi32>) : tensor<4x8xi8>, tensor<4xf32>, tensor<8x2xi8>, tensor<2xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @matmul_c3_all_rows(%q: tensor<4x8xi8>, %s: tensor<4xf32>, %w: tensor<8x2xi8>, %ws: tensor<2xf32>, %t: tensor<4x3xf32>, %tw: tensor<3x2xf16>, %c: tensor<3xi32>) {
  // expected-error @+1 {{C3: the tail weight is [J, N], or [K, N] with columns}}
  %y = qopt.quantized_matmul %q, %s, %w, %ws tail(%t : tensor<4x3xf32>) tail_weight(%tw : tensor<3x2xf16>) columns(%c : tensor<3xi32>) : tensor<4x8xi8>, tensor<4xf32>, tensor<8x2xi8>, tensor<2xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @quantize_c3(%x: tensor<4x8xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{C3: codes are ui8 with a zero point, else i8}}
  %q = qopt.quantize %x, %s granularity <tensor> : tensor<4x8xf32>, tensor<f32> -> tensor<4x8xui8>
  return
}

// -----

func.func @quantize_c3_rows(%x: tensor<4x8xf32>, %s: tensor<4xf32>, %z: tensor<i32>) {
  // expected-error @+1 {{C3: a zero point has rank 0 and goes with one scale per tensor}}
  %q = qopt.quantize %x, %s zero_point(%z : tensor<i32>) granularity <token> : tensor<4x8xf32>, tensor<4xf32> -> tensor<4x8xui8>
  return
}

// -----

func.func @quantize_c4(%x: tensor<4x8xf32>, %s: tensor<f32>, %f: tensor<4xf32>) {
  // expected-error @+1 {{C4: there is one factor per column}}
  %q = qopt.quantize %x, %s factors(%f : tensor<4xf32>) granularity <tensor> : tensor<4x8xf32>, tensor<f32> -> tensor<4x8xi8>
  return
}

// -----

func.func @quantize_c4_channel(%x: tensor<4x8xf32>, %s: tensor<8xf32>, %f: tensor<8xf32>) {
  // expected-error @+1 {{C4: factors go with one scale per tensor}}
  %q = qopt.quantize %x, %s factors(%f : tensor<8xf32>) granularity <channel> : tensor<4x8xf32>, tensor<8xf32> -> tensor<4x8xi8>
  return
}

// -----

func.func @dynamic_quantize_c2_tensor(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{C2: a scale per tensor has rank 0}}
  %q, %s = qopt.dynamic_quantize %x granularity <tensor> : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<4xf32>
  return
}

// -----

func.func @dynamic_quantize_c4(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{C4: codes are ui8 with a zero point, else i8}}
  %q, %s, %z = qopt.dynamic_quantize %x : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<4xf32>, tensor<4xi32>
  return
}

// -----

func.func @dynamic_quantize_c4_shape(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{C4: the zero point has the shape of the scale}}
  %q, %s, %z = qopt.dynamic_quantize %x : tensor<4x8xf32> -> tensor<4x8xui8>, tensor<4xf32>, tensor<i32>
  return
}

// -----

func.func @dynamic_quantize_c5(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{C5: there is a scale per token or one per tensor}}
  %q, %s = qopt.dynamic_quantize %x granularity <channel> : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<8xf32>
  return
}

// -----

func.func @matmul_c1_groups(%q: tensor<4x8xi8>, %s: tensor<4xf32>, %w: tensor<8x2xi8>, %ws: tensor<3x2xf32>) {
  // expected-error @+1 {{C1: codes are [..., K], the weight is [K, N], its scale rank 0, [N] or [ceil(K / group_size), N]}}
  %y = qopt.quantized_matmul %q, %s, %w, %ws group 4 : tensor<4x8xi8>, tensor<4xf32>, tensor<8x2xi8>, tensor<3x2xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @matmul_c1_rows(%q: tensor<4x8xi8>, %s: tensor<3xf32>, %w: tensor<8x2xi8>, %ws: tensor<f32>) {
  // expected-error @+1 {{C1: the scale has rank 0 or the shape of the codes without their last axis}}
  %y = qopt.quantized_matmul %q, %s, %w, %ws : tensor<4x8xi8>, tensor<3xf32>, tensor<8x2xi8>, tensor<f32> -> tensor<4x2xf32>
  return
}

// -----

func.func @matmul_c2_unsigned(%q: tensor<4x66312xui8>, %s: tensor<f32>, %z: tensor<i32>, %w: tensor<66312x2xi8>, %ws: tensor<2xf32>) {
  // expected-error @+1 {{C2: K of 66312 can overflow the i32 sum (limit 66311)}}
  %y = qopt.quantized_matmul %q, %s, %w, %ws zero_point(%z : tensor<i32>) : tensor<4x66312xui8>, tensor<f32>, tensor<66312x2xi8>, tensor<2xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @matmul_c4(%q: tensor<4x8xui8>, %s: tensor<4xf32>, %w: tensor<8x2xi8>, %ws: tensor<2xf32>) {
  // expected-error @+1 {{C4: codes are ui8 with a zero point, else i8}}
  %y = qopt.quantized_matmul %q, %s, %w, %ws : tensor<4x8xui8>, tensor<4xf32>, tensor<8x2xi8>, tensor<2xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @matmul_c4_shape(%q: tensor<4x8xui8>, %s: tensor<4xf32>, %z: tensor<8xi32>, %w: tensor<8x2xi8>, %ws: tensor<2xf32>) {
  // expected-error @+1 {{C4: the zero point has rank 0 or the shape of the codes without their last axis}}
  %y = qopt.quantized_matmul %q, %s, %w, %ws zero_point(%z : tensor<8xi32>) : tensor<4x8xui8>, tensor<4xf32>, tensor<8x2xi8>, tensor<2xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @matmul_c5(%q: tensor<4x8xi8>, %s: tensor<4xf32>, %w: tensor<8x2xi8>, %ws: tensor<2x2xf32>) {
  // expected-error @+1 {{C5: group_size is a positive multiple of 4}}
  %y = qopt.quantized_matmul %q, %s, %w, %ws group 6 : tensor<4x8xi8>, tensor<4xf32>, tensor<8x2xi8>, tensor<2x2xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @matmul_c3_alone(%q: tensor<4x8xi8>, %s: tensor<4xf32>, %w: tensor<8x2xi8>, %ws: tensor<2xf32>, %t: tensor<4x3xf32>) {
  // expected-error @+1 {{C3: a tail needs tail_weight or columns}}
  %y = qopt.quantized_matmul %q, %s, %w, %ws tail(%t : tensor<4x3xf32>) : tensor<4x8xi8>, tensor<4xf32>, tensor<8x2xi8>, tensor<2xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @weight_only_c1(%x: tensor<4x8xf32>, %w: tensor<9x2xi8>, %ws: tensor<2xf32>) {
  // expected-error @+1 {{C1: x is [..., K], the weight is [K, N], its scale rank 0, [N] or [ceil(K / group_size), N]}}
  %y = qopt.weight_only_matmul %x, %w, %ws : tensor<4x8xf32>, tensor<9x2xi8>, tensor<2xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @weight_only_c1_bias(%x: tensor<4x8xf32>, %w: tensor<8x2xi8>, %ws: tensor<2xf32>, %b: tensor<1xf32>) {
  // expected-error @+1 {{C1: the bias is [N]}}
  %y = qopt.weight_only_matmul %x, %w, %ws bias(%b : tensor<1xf32>) : tensor<4x8xf32>, tensor<8x2xi8>, tensor<2xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @weight_only_c2(%x: tensor<4x8xf32>, %w: tensor<8x2xi8>, %ws: tensor<1x2xf32>) {
  // expected-error @+1 {{C2: group_size is a positive multiple of 4}}
  %y = qopt.weight_only_matmul %x, %w, %ws group 0 : tensor<4x8xf32>, tensor<8x2xi8>, tensor<1x2xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @kernel_groups(%x: memref<?x64xf32>, %w: memref<64x8xi8>, %ws: memref<3x8xf32>, %y: memref<?x8xf32>) {
  // expected-error @+1 {{column scales of groups are [groups, N]}}
  qopt.matmul ins(%x, %w : memref<?x64xf32>, memref<64x8xi8>) group 32 column_scales(%ws : memref<3x8xf32>) outs(%y : memref<?x8xf32>) epilogue {
    ^bb0(%a: f32):
      qopt.yield %a : f32
  }
  return
}

// -----

func.func @kernel_tail(%q: memref<?x64xi8>, %w: memref<64x8xi8>, %s: memref<?xf32>, %ws: memref<8xf32>, %t: memref<?x?xf32>, %y: memref<?x8xf32>) {
  // expected-error @+1 {{a tail has its own rows, or meets columns of codes}}
  qopt.matmul ins(%q, %w : memref<?x64xi8>, memref<64x8xi8>) row_scales(%s : memref<?xf32>) column_scales(%ws : memref<8xf32>) tail(%t : memref<?x?xf32>) outs(%y : memref<?x8xf32>) epilogue {
    ^bb0(%a: f32):
      qopt.yield %a : f32
  }
  return
}

// -----

func.func @guard_without_threshold(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{C3: guarded mode takes a positive threshold}}
  %b, %t, %c = qopt.outlier_split %x mode <guarded> outliers [3] : tensor<4x8xf32> -> tensor<4x8xf32>, tensor<4x1xf32>, tensor<1xi32>
  return
}

// -----

func.func @static_factors(%x: tensor<4x8xf32>, %f: tensor<8xf32>) {
  // expected-error @+1 {{C4: factors are for the dynamic modes}}
  %b, %t, %c = qopt.outlier_split %x factors(%f : tensor<8xf32>) mode <static> outliers [3] : tensor<4x8xf32> -> tensor<4x8xf32>, tensor<4x1xf32>, tensor<1xi32>
  return
}

// -----

func.func @wrong_factors(%x: tensor<4x8xf32>, %f: tensor<4xf32>) {
  // expected-error @+1 {{C4: there is one factor per column}}
  %b, %t, %c = qopt.outlier_split %x factors(%f : tensor<4xf32>) mode <dynamic_row> threshold 6.0 : tensor<4x8xf32> -> tensor<4x8xf32>, tensor<4x?xf32>, tensor<?xi32>
  return
}

// -----

func.func @keep_small_per_row(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{C5: keep_small is for dynamic mode}}
  %b, %t, %c = qopt.outlier_split %x mode <dynamic_row> threshold 6.0 {keep_small} : tensor<4x8xf32> -> tensor<4x8xf32>, tensor<4x?xf32>, tensor<?xi32>
  return
}

// -----

func.func @missing_zero_points(%x: tensor<?x64xf32>, %q: tensor<?x64xi8>, %s: tensor<?xf32>) {
  // expected-error @+1 {{has 3 inits}}
  %0, %1 = qopt.quantize_rows ins(%x : tensor<?x64xf32>) outs(%q, %s : tensor<?x64xi8>, tensor<?xf32>) {asymmetric} -> tensor<?x64xi8>, tensor<?xf32>
  return
}

// -----

func.func @scale_without_zero_point(%x: tensor<?x64xf32>, %g: tensor<f32>, %q: tensor<?x64xi8>, %s: tensor<?xf32>, %z: tensor<?xi32>) {
  // expected-error @+1 {{takes a zero point with a scale of asymmetric codes}}
  %0, %1, %2 = qopt.quantize_rows ins(%x : tensor<?x64xf32>) scale(%g : tensor<f32>) outs(%q, %s, %z : tensor<?x64xi8>, tensor<?xf32>, tensor<?xi32>) {asymmetric} -> tensor<?x64xi8>, tensor<?xf32>, tensor<?xi32>
  return
}

// -----

func.func @keep_small_without_mask(%x: tensor<?x64xf32>, %q: tensor<?x64xi8>, %s: tensor<?xf32>) {
  // expected-error @+1 {{keep_small goes with a threshold and a mask}}
  %0, %1 = qopt.quantize_rows ins(%x : tensor<?x64xf32>) outs(%q, %s : tensor<?x64xi8>, tensor<?xf32>) threshold 6.0 {keep_small} -> tensor<?x64xi8>, tensor<?xf32>
  return
}
