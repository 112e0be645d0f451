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
      I32EnumAttrCase<"Token", 2, "token">,
      I32EnumAttrCase<"Group", 3, "group">,
      I32EnumAttrCase<"None", 4, "none">]> {
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
      I32EnumAttrCase<"Dynamic", 2, "dynamic">,
      I32EnumAttrCase<"Guarded", 3, "guarded">,
      I32EnumAttrCase<"DynamicRow", 4, "dynamic_row">]> {
  let cppNamespace = "::mlir::qopt";
  let genSpecializedAttr = 0;
}
def QOpt_OutlierModeAttr : EnumAttr<QOpt_Dialect, QOpt_OutlierMode, "outlier_mode"> {
  let assemblyFormat = "`<` $value `>`";
}

def QOpt_ActivationMode : I32EnumAttr<"ActivationMode",
    "when the scale of an activation is chosen", [
      I32EnumAttrCase<"Dynamic", 0, "dynamic">,
      I32EnumAttrCase<"Static", 1, "static">]> {
  let cppNamespace = "::mlir::qopt";
  let genSpecializedAttr = 0;
}

def QOpt_TailSource : I32EnumAttr<"TailSource",
    "which weights the outlier columns of an activation meet", [
      I32EnumAttrCase<"Original", 0, "original">,
      I32EnumAttrCase<"Codes", 1, "codes">]> {
  let cppNamespace = "::mlir::qopt";
  let genSpecializedAttr = 0;
}

def QOpt_SchemeAttr : AttrDef<QOpt_Dialect, "Scheme"> {
  let mnemonic = "scheme";
  let summary = "how one contraction is quantized";
  let description = [{
    Weights: signed `weight_bits` codes, symmetric, one scale per
    `weight_granularity`: `tensor`, `channel` (output channel) or `group`
    (`group_size` rows of K within one output channel).

    Activations: one 8-bit code per value and one scale per
    `activation_granularity`: `token` (row) or `tensor`; `none` leaves them in
    float (weight-only). `activation_mode`: found at run time (`dynamic`), or the
    operation's `qopt.activation_scale` (`static`, per tensor only). Codes are
    signed and symmetric, or with `asymmetric` unsigned with a zero point as in
    ONNX DynamicQuantizeLinear (static: `qopt.activation_zero_point`).

    `outliers`: none; `static`, the columns listed in the operation's
    `qopt.outliers`; `guarded`, the same, and rows with a value of magnitude >=
    `threshold` outside the list are counted; `dynamic`, all columns with a value
    of magnitude >= `threshold` in the rows of the call (Dettmers et al. 2022,
    arXiv 2208.07339, section 3.2); `dynamic_row`, the same for each row alone.
    `tail`: outlier columns meet the `original` weights in half precision, or
    those that the `codes` stand for, with the rules of bitsandbytes.

    Parameters behind `threshold` are left out where they have their defaults.

    Example: `#qopt.scheme<weight_bits = 8, weight_granularity = channel,
    activation_granularity = token, outliers = dynamic, threshold = 6.0>`
  }];
  let parameters = (ins
    "unsigned":$weight_bits,
    "::mlir::qopt::Granularity":$weight_granularity,
    "::mlir::qopt::Granularity":$activation_granularity,
    "::mlir::qopt::OutlierMode":$outliers,
    "::mlir::FloatAttr":$threshold,
    DefaultValuedParameter<"int64_t", "0">:$group_size,
    DefaultValuedParameter<"::mlir::qopt::ActivationMode", "::mlir::qopt::ActivationMode::Dynamic">:$activation_mode,
    DefaultValuedParameter<"bool", "false">:$asymmetric,
    DefaultValuedParameter<"::mlir::qopt::TailSource", "::mlir::qopt::TailSource::Original">:$tail);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Whether the columns of `qopt.outliers` are split off.
    bool hasListedOutliers() const {
      return getOutliers() == OutlierMode::Static || getOutliers() == OutlierMode::Guarded;
    }
    /// Whether the outlier columns are found at run time.
    bool findsOutliers() const {
      return getOutliers() == OutlierMode::Dynamic || getOutliers() == OutlierMode::DynamicRow;
    }
    bool isWeightOnly() const { return getActivationGranularity() == Granularity::None; }
    /// The same scheme with another outlier mode.
    SchemeAttr withOutliers(OutlierMode outliers) const;
  }];
}

#endif // QOPT_DIALECT_QOPT_IR_QOPTATTRS_TD
