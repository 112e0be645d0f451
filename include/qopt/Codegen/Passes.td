//===- Passes.td - passes of Codegen ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_CODEGEN_PASSES_TD
#define QOPT_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// On tensors
//===----------------------------------------------------------------------===//

def CreateShapeFunctionPass : Pass<"qopt-create-shape-function", "::mlir::ModuleOp"> {
  let summary = "a function that computes the dims of all results from those of the inputs";
  let description = [{
    Adds `@shapes`, which takes the dynamic dims of the arguments of `@main` in
    order and returns the dims of its results in order, all of type index. A dim
    that depends on data is -1. Nothing of the computation itself is kept.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect"];
}

def PrepareBufferizationPass : Pass<"qopt-prepare-bufferization", "::mlir::func::FuncOp"> {
  let summary = "what has to hold on tensors before buffers are assigned";
  let description = [{
    Decomposes tensor.concat and tensor.pad into writes of slices, turns constant
    tensors of 1 KiB and more into `qopt.weight` (so that no large constant passes
    through LLVM IR), and marks the arguments of a public function as read-only.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::qopt::QOptDialect", "::mlir::bufferization::BufferizationDialect"];
}

def FuseTensorOpsPass : Pass<"qopt-fuse-tensor-ops", "::mlir::func::FuncOp"> {
  let summary = "elementwise fusion that repeats no costly work";
  let description = [{
    Upstream's fusion of linalg operations on tensors. A producer is fused into
    its only consumer; where the consumer would broadcast it, only when its body
    is cheap (no division, no function of `math`).
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect", "::mlir::tensor::TensorDialect"];
}

def FuseEpiloguePass : Pass<"qopt-fuse-epilogue", "::mlir::func::FuncOp"> {
  let summary = "elementwise consumers of a qopt.matmul into its epilogue";
  let description = [{
    A `linalg.generic` that is the only reader of a `qopt.matmul`, elementwise in
    f32 over the same dims, becomes part of the epilogue: its other operands are
    read by element, by column, or are scalars.

    ```mlir
    %p = qopt.matmul ins(%x, %w) outs(%e) epilogue { ^bb0(%a: f32): qopt.yield %a }
    %y = linalg.generic ... ins(%p, %bias) outs(%e2) { arith.addf }
    // becomes
    %y = qopt.matmul ins(%x, %w) with(%bias) outs(%e2) epilogue {
      ^bb0(%a: f32, %b: f32): %s = arith.addf %a, %b ; qopt.yield %s }
    ```
  }];
  let statistics = [Statistic<"numFused", "fused", "Consumers fused into a product">];
  let dependentDialects = ["::mlir::tensor::TensorDialect", "::mlir::qopt::QOptDialect"];
}

//===----------------------------------------------------------------------===//
// On buffers
//===----------------------------------------------------------------------===//

def OutputsPass : Pass<"qopt-outputs", "::mlir::ModuleOp"> {
  let summary = "returned buffers of @main become the caller's buffers";
  let description = [{
    A returned buffer that `@main` allocates itself becomes a `qopt.output` in the
    place of its allocation; any other (an input, a view, a buffer returned
    twice) is copied into one. `@main` then returns nothing.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::qopt::QOptDialect"];
}

def PlaceWeightsPass : Pass<"qopt-place-weights", "::mlir::ModuleOp"> {
  let summary = "write the constants to the weights file and keep their offsets";
  let description = [{
    Writes the value of every `qopt.weight` to FILE, aligned to 64 bytes; equal
    contents are written once. Sets `offset`, replaces the value by a splat zero
    and frees the blob, so that memory stays near the size of the largest tensor.
  }];
  let options = [Option<"file", "file", "std::string", "", "File that takes the bytes">,
                 Option<"reserve", "reserve", "uint64_t", "0", "Bytes left free in front of them">];
  let statistics = [Statistic<"numPlaced", "placed", "Weights written">,
                    Statistic<"numShared", "shared", "Weights that equal an earlier one">];
}

def LowerLinalgToLoopsPass : Pass<"qopt-lower-linalg-to-loops", "::mlir::func::FuncOp"> {
  let summary = "linalg on buffers to row loops";
  let description = [{
    One `scf.parallel` over the collapsed leading parallel dims ("rows") with
    `scf.for` inside, the contiguous dim innermost. A reduction along the
    contiguous dim keeps its accumulator in a register; floating point sums may be
    reassociated, since ONNX leaves their order open.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def FuseRowLoopsPass : Pass<"qopt-fuse-row-loops", "::mlir::func::FuncOp"> {
  let summary = "fuse adjacent row loops with the same bounds";
  let description = [{
    Two `scf.parallel` loops with equal bounds and nothing in the way between them
    become one when every buffer that one writes and the other touches is
    accessed, by both, at the loop's own row only: softmax, norms and
    quantization then work on rows that are still in the L1 cache.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect"];
  let statistics = [Statistic<"numFused", "fused", "Loops fused into an earlier one">];
}

def FuseInnerLoopsPass : Pass<"qopt-fuse-inner-loops", "::mlir::func::FuncOp"> {
  let summary = "fuse loops over the elements of one row";
  let description = [{
    Inside of row loops: two `scf.for` loops with the same bounds become one when
    every buffer that one writes and the other touches is accessed, by both, at
    the same element of the same iteration, and nothing between them is in the
    way.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect"];
  let statistics = [Statistic<"numFused", "fused", "Loops fused into an earlier one">];
}

def ContractRowBuffersPass : Pass<"qopt-contract-row-buffers", "::mlir::func::FuncOp"> {
  let summary = "buffers that only one row loop uses shrink to one row";
  let description = [{
    A `memref.alloc` whose accesses all lie in one row loop and at the loop's own
    row becomes a row on the stack, where its size is static and small.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
  let statistics = [Statistic<"numContracted", "contracted", "Buffers shrunk to a row">];
}

def ForwardCarriedPass : Pass<"qopt-forward-carried", "mlir::func::FuncOp"> {
  let summary = "Let the body of a loop have the buffers that its condition was given";
  let description = [{
    Removes the copies that bufferization makes between the regions of an `scf.while`
    whose iterations yield new buffers.
  }];
  let statistics = [Statistic<"numForwarded", "forwarded", "Copies removed">];
}

def InsertDeallocsPass : Pass<"qopt-insert-deallocs", "::mlir::func::FuncOp"> {
  let summary = "free each buffer after its last use";
  let description = [{
    For each `memref.alloc`, a `memref.dealloc` behind the last operation of the
    same block that uses it or a view of it. A buffer that leaves its block by a
    terminator is left alone: the runtime reclaims it at the end of the run.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def OutlineParallelPass : Pass<"qopt-outline-parallel", "::mlir::ModuleOp"> {
  let summary = "bodies of parallel loops become functions for the thread pool";
  let description = [{
    An `scf.parallel` becomes `func.func private @loop_N(begin, end, captures...)`
    and a `qopt.parallel_call` with a grain of about 16 Ki element operations. A
    loop with little work for certain stays in place as `scf.for`. Functions that
    are equal up to their names are merged, so that the layers of a model share
    code.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::qopt::QOptDialect", "::mlir::scf::SCFDialect"];
  let statistics = [Statistic<"numOutlined", "outlined", "Loops made functions">,
                    Statistic<"numMerged", "merged", "Functions that equal an earlier one">];
}

def SplitFunctionsPass : Pass<"qopt-split-functions", "::mlir::ModuleOp"> {
  let summary = "cuts @main into functions of bounded length";
  let description = [{
    Blocks of `@main` with more operations than `limit`, inner ones counted, become
    calls of `func.func private @part_N`. Values that are made in one part and read
    behind it are its results. A region without calls or allocations is left whole.
  }];
  let options = [Option<"limit", "limit", "int64_t", "512", "Operations in one part">];
  let dependentDialects = ["::mlir::func::FuncDialect"];
  let statistics = [Statistic<"numParts", "parts", "Functions made">];
}

def LowerRuntimeOpsPass : Pass<"qopt-lower-runtime-ops", "::mlir::ModuleOp"> {
  let summary = "buffers, weights, outputs and parallel calls to calls of the runtime";
  let description = [{
    Gives `@main` and whatever it calls, as far as needed, the context of the run as
    leading argument; turns `memref.alloc`, `memref.dealloc`, `qopt.output`,
    `qopt.require`, `qopt.observe`, `qopt.parallel_call` and `qopt.weight` into calls
    of qopt_rt_* and addresses; adds the entry points `run_ISA` and `shapes_ISA`.
    Symbols get the suffix `_ISA`, since the variants end in one library.
  }];
  let options = [Option<"isa", "isa", "std::string", "\"avx2\"", "Name of the variant">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect",
    "::mlir::func::FuncDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def PackWeightsPass : Pass<"qopt-pack-weights", "mlir::ModuleOp"> { // lib/Codegen/Common/PackWeights.cpp
  let summary = "Bring the constant operands of qopt.matmul into the form the kernels read";
  let description = [{
    Rewrites the `qopt.weight` behind rhs from row-major [K, N] to panels of 32
    columns (see `qopt.matmul`), adds the column sums of integer weights, and
    widens tail_rhs to whole panels. The form is the same for every instruction
    set of an architecture: `depth` consecutive codes of a column are side by
    side, 4 on x86 and 8 on AArch64. Users of one weight share one packed blob; the
    row-major blob is freed when nothing uses it any more.
  }];
  let options = [Option<"depth", "depth", "int64_t", "4", "Codes of a column side by side: 4 or 8">];
  let dependentDialects = ["::mlir::qopt::QOptDialect"];
  let statistics = [Statistic<"numPacked", "packed", "Weights packed">];
}

def GenerateKernelsPass : Pass<"qopt-generate-kernels", "mlir::ModuleOp"> { // lib/Codegen/Kernels/GenerateKernels.cpp
  let summary = "Turn kernel-level operations on memrefs into calls of generated kernels";
  let description = [{
    `qopt.matmul`, `qopt.quantize_rows`, `qopt.find_outliers` and float
    contractions in `linalg.generic` become `qopt.parallel_call`s of functions
    `(begin, end, memrefs...)` made of vector operations and target intrinsics.
    A kernel is made for the static K, N, element types and epilogue, and shared
    by all operations that agree in them.
  }];
  let options = [Option<"isa", "isa", "std::string", /*default=*/"\"avx512vnni\"", "amx, avx512vnni, avxvnni, avx2, i8mm, dotprod or neon">];
  let dependentDialects = ["::mlir::qopt::QOptDialect", "::mlir::LLVM::LLVMDialect", "::mlir::affine::AffineDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let statistics = [Statistic<"numKernels", "kernels", "Kernels generated">,
                    Statistic<"numCalls", "calls", "Operations that became calls">];
}

def EmulateInstructionsPass : Pass<"qopt-emulate-instructions", "mlir::ModuleOp"> { // lib/Codegen/X86/EmulateInstructions.cpp
  let summary = "for tests: kernels of AMX and VNNI in vector code of every x86-64-v3";
  let description = [{
    Intrinsics of tiles (`llvm.x86.tile*`, `llvm.x86.tdpb*d`) and of dot products
    (`llvm.x86.avx512.vpdpbusd.*`) become vector code with the same result, bit for
    bit; everything around them stays. An intrinsic that it does not know and that
    x86-64-v3 lacks is an error.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let statistics = [Statistic<"numEmulated", "emulated", "Calls of intrinsics replaced">];
}

def ApproximateMathPass : Pass<"qopt-approximate-math"> {
  let summary = "polynomials for exp, erf, tanh and logarithms in f32";
  let description = [{
    Polynomials of our own for exp and erf, upstream's approximations for tanh and
    logarithms (docs/code-generation.md states the errors), and products in place
    of small constant powers. Everything else, and all of f64, is left to
    libm.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect"];
}

def MarkNoAliasPass : Pass<"qopt-mark-no-alias", "::mlir::ModuleOp"> {
  let summary = "tell LLVM which buffers of a loop do not overlap";
  let description = [{
    Turns the list `qopt.noalias` of a function, in which qopt-lower-runtime-ops
    noted where the pointers of such buffers would come to stand, into
    `llvm.noalias` on the arguments.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def LowerExpandShapePass : Pass<"qopt-lower-expand-shape"> {
  let summary = "memref.expand_shape into several unknown sizes as a cast of strides";
  let description = [{
    Each `memref.expand_shape` that splits one dim into more than one of dynamic
    size becomes a `memref.reinterpret_cast` with products of these sizes as
    strides. The others are left to `expand-strided-metadata`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

#endif // QOPT_CODEGEN_PASSES_TD
