// Two projections with a residual around them, as another frontend may write them.
func.func @block(%x: tensor<?x4xf32>, %rows: index) -> tensor<?x4xf32> {
  %w1 = arith.constant dense<[[1.0, -2.0, 0.5, 0.0], [0.25, 4.0, -1.0, 1.0], [3.0, 0.0, 1.5, -1.0], [-0.5, 1.0, 2.0, 0.5]]> : tensor<4x4xf32>
  %w2 = arith.constant dense<[[0.5, 1.0, -1.5, 2.0], [1.0, 0.0, 1.0, -0.25], [-3.0, 2.0, 0.75, 1.0], [0.5, -1.0, 1.0, 1.0]]> : tensor<4x4xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%rows) : tensor<?x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x4xf32>) -> tensor<?x4xf32>
  %up = linalg.matmul ins(%x, %w1 : tensor<?x4xf32>, tensor<4x4xf32>) outs(%init : tensor<?x4xf32>) -> tensor<?x4xf32> loc("up")
  %down = linalg.matmul ins(%up, %w2 : tensor<?x4xf32>, tensor<4x4xf32>) outs(%init : tensor<?x4xf32>) -> tensor<?x4xf32> loc("down")
  %sum = arith.addf %down, %x : tensor<?x4xf32>
  return %sum : tensor<?x4xf32>
}
