#rows = affine_map<(b, h, s, t, d) -> (b, h, s, d)>
#keys = affine_map<(b, h, s, t, d) -> (b, h, t, d)>
#scores = affine_map<(b, h, s, t, d) -> (b, h, s, t)>
#spread = affine_map<(b, h, s, t, d) -> (b, d, t, h)>
#weights = affine_map<(b, h, s, d, t) -> (b, h, s, t)>
#values = affine_map<(b, h, s, d, t) -> (b, h, t, d)>
#heads = affine_map<(b, h, s, d, t) -> (b, s, h, d)>
func.func @main(%q: tensor<?x?x?xDEPTHxf32>, %k: tensor<?x?x?xDEPTHxf32>, %p: tensor<?x?x?x?xf32>, %v: tensor<?x?x?xDEPTHxf32>,
                %u: tensor<?xDEPTHx?x?xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xDEPTHxf32>, tensor<?x?x?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %one = arith.constant 1.0 : f32
  %B = tensor.dim %p, %c0 : tensor<?x?x?x?xf32>
  %H = tensor.dim %p, %c1 : tensor<?x?x?x?xf32>
  %S = tensor.dim %p, %c2 : tensor<?x?x?x?xf32>
  %T = tensor.dim %p, %c3 : tensor<?x?x?x?xf32>
  %e0 = tensor.empty(%B, %H, %S, %T) : tensor<?x?x?x?xf32>
  %f0 = linalg.fill ins(%one : f32) outs(%e0 : tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32>
  %0 = linalg.generic {indexing_maps = [#rows, #keys, #scores], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
    ins(%q, %k : tensor<?x?x?xDEPTHxf32>, tensor<?x?x?xDEPTHxf32>) outs(%f0 : tensor<?x?x?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %x = arith.mulf %a, %b : f32
    %y = arith.addf %c, %x : f32
    linalg.yield %y : f32
  } -> tensor<?x?x?x?xf32>
  %e1 = tensor.empty(%B, %S, %H) : tensor<?x?x?xDEPTHxf32>
  %f1 = linalg.fill ins(%one : f32) outs(%e1 : tensor<?x?x?xDEPTHxf32>) -> tensor<?x?x?xDEPTHxf32>
  %1 = linalg.generic {indexing_maps = [#weights, #values, #heads], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
    ins(%p, %v : tensor<?x?x?x?xf32>, tensor<?x?x?xDEPTHxf32>) outs(%f1 : tensor<?x?x?xDEPTHxf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %x = arith.mulf %a, %b : f32
    %y = arith.addf %c, %x : f32
    linalg.yield %y : f32
  } -> tensor<?x?x?xDEPTHxf32>
  %e2 = tensor.empty(%B, %H, %S, %T) : tensor<?x?x?x?xf32>
  %f2 = linalg.fill ins(%one : f32) outs(%e2 : tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32>
  %2 = linalg.generic {indexing_maps = [#rows, #spread, #scores], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
    ins(%q, %u : tensor<?x?x?xDEPTHxf32>, tensor<?xDEPTHx?x?xf32>) outs(%f2 : tensor<?x?x?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %x = arith.mulf %a, %b : f32
    %y = arith.addf %c, %x : f32
    linalg.yield %y : f32
  } -> tensor<?x?x?x?xf32>
  return %0, %1, %2 : tensor<?x?x?x?xf32>, tensor<?x?x?xDEPTHxf32>, tensor<?x?x?x?xf32>
}
