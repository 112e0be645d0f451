//===- QOptAttrs.td - schemes and granularities -*- tablegen -*- ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_QOPT_IR_QOPTATTRS_TD
#define QOPT_DIALECT_QOPT_IR_QOPTATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "qopt/Dialect/QOpt/IR/QOptDialect.td"

def QOpt_Granularity : I32EnumAttr<"Granularity",
    "which elements share one scale", [
      I32EnumAttrCase<"Tensor", 0, "tensor">,
      I32EnumAttrCase<"Channel", 1, "channel">,
      I32EnumAttrCase<"Token", 2, "token">]> {
  let cppNamespace = "::mlir::qopt";
  let genSpecializedAttr = 0;
}
def QOpt_GranularityAttr : EnumAttr<QOpt_Dialect, QOpt_Granularity, "granularity"> {
  let assemblyFormat = "`<` $value `>`";
}

def QOpt_OutlierMode : I32EnumAttr<"OutlierMode",
    "how the outlier columns of an activation are found", [
      I32EnumAttrCase<"None", 0, "none">,
      I32EnumAttrCase<"Static", 1, "static">,
      I32EnumAttrCase<"Dynamic", 2, "dynamic">]> {
  let cppNamespace = "::mlir::qopt";
  let genSpecializedAttr = 0;
}
def QOpt_OutlierModeAttr : EnumAttr<QOpt_Dialect, QOpt_OutlierMode, "outlier_mode"> {
  let assemblyFormat = "`<` $value `>`";
}

def QOpt_SchemeAttr : AttrDef<QOpt_Dialect, "Scheme"> {
  let mnemonic = "scheme";
  let summary = "how one contraction is quantized";
  let description = [{
    Weights: signed `weight_bits` codes, symmetric, one scale per
    `weight_granularity`. Activations: signed 8-bit codes, symmetric, scales
    found at run time per `activation_granularity`. `outliers`: none; `static`,
    the columns listed in the operation's `qopt.outliers`; `dynamic`, all columns
    with a value of magnitude >= `threshold` in the rows of the call
    (Dettmers et al. 2022, arXiv 2208.07339, section 3.2).

    Example: `#qopt.scheme<weight_bits = 8, weight_granularity = channel,
    activation_granularity = token, outliers = dynamic, threshold = 6.0>`
  }];
  let parameters = (ins
    "unsigned":$weight_bits,
    "::mlir::qopt::Granularity":$weight_granularity,
    "::mlir::qopt::Granularity":$activation_granularity,
    "::mlir::qopt::OutlierMode":$outliers,
    "::mlir::FloatAttr":$threshold);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // QOPT_DIALECT_QOPT_IR_QOPTATTRS_TD
