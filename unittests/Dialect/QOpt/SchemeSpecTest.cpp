//===- SchemeSpecTest.cpp - schemes as users write them -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/SchemeSpec.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::qopt;

static std::string errorOf(StringRef text) {
  llvm::Expected<SchemeSpec> spec = SchemeSpec::parse(text);
  return spec ? "" : llvm::toString(spec.takeError());
}

static SchemeAttr schemeOf(MLIRContext &context, StringRef text,
                           bool hasStatistics = true) {
  return llvm::cantFail(SchemeSpec::parse(text))
      .scheme(&context, hasStatistics);
}

TEST(SchemeSpec, PrintsWhatItParses) {
  for (StringRef text :
       {"fp32", "w8a8", "w8a16{weights=group:64}", "w8a8{weights=tensor}",
        "w8a8{activations=static zero-point=true observer=mse}",
        "llm-int8{activations=tensor mode=static+guard threshold=auto}",
        "llm-int8{mode=dynamic-row threshold=3.5 frequency=0.06 cap=4}"})
    EXPECT_EQ(llvm::cantFail(SchemeSpec::parse(text)).str(), text);
  EXPECT_EQ(
      llvm::cantFail(SchemeSpec::parse(" llm-int8 { threshold=6  cap=32 }"))
          .str(),
      "llm-int8");
}

TEST(SchemeSpec, RefusesWhatItCannotMean) {
  EXPECT_EQ(errorOf("w8a9"), "unknown scheme 'w8a9' (fp32, w8a8, llm-int8, "
                             "w8a16); did you mean 'w8a8'?");
  EXPECT_EQ(errorOf("w8a8{weights=chanel}"),
            "unknown value of weights 'chanel' (channel, tensor, group:N); did "
            "you mean 'channel'?");
  EXPECT_EQ(errorOf("w8a8{weights=group:0}"),
            "weights=group:N takes a positive multiple of 4 rows, not '0'");
  EXPECT_EQ(errorOf("w8a16{weights=group:30}"),
            "weights=group:N takes a positive multiple of 4 rows, not '30'");
  EXPECT_EQ(errorOf("w8a16{activations=static}"),
            "w8a16 has no option 'activations' (weights)");
  EXPECT_EQ(errorOf("fp32{cap=1}"), "fp32 has no option 'cap'");
  EXPECT_EQ(errorOf("llm-int8{cap=-1}"),
            "cap takes a number of columns, not '-1'");
  EXPECT_EQ(errorOf("llm-int8{threshold"),
            "'llm-int8{threshold': the options of a scheme end with '}'");
  EXPECT_EQ(errorOf("llm-int8{threshold}"),
            "'threshold': an option has the form key=value");
  EXPECT_EQ(errorOf("w8a8{observer=mse}"),
            "observer goes with activations=static");
  EXPECT_EQ(errorOf("llm-int8{activations=static mode=dynamic}"),
            "activations=static needs a static list of outliers, not "
            "mode=dynamic");
  EXPECT_EQ(errorOf("llm-int8{threshold=auto mode=dynamic-row}"),
            "threshold=auto needs a static list of outliers, not "
            "mode=dynamic-row");
}

TEST(SchemeSpec, BecomesAScheme) {
  MLIRContext context;
  context.loadDialect<QOptDialect>();
  EXPECT_EQ(schemeOf(context, "llm-int8").getOutliers(), OutlierMode::Static);
  EXPECT_EQ(schemeOf(context, "llm-int8", false).getOutliers(),
            OutlierMode::Dynamic);
  // Values outside the list saturate: someone must notice.
  SchemeAttr fixed = schemeOf(context, "llm-int8{activations=static}");
  EXPECT_EQ(fixed.getOutliers(), OutlierMode::Guarded);
  EXPECT_EQ(fixed.getActivationMode(), ActivationMode::Static);
  EXPECT_EQ(fixed.getActivationGranularity(), Granularity::Tensor);
  EXPECT_EQ(schemeOf(context, "llm-int8{threshold=0}").getOutliers(),
            OutlierMode::None);
  EXPECT_EQ(schemeOf(context, "llm-int8{mode=bitsandbytes}").getTail(),
            TailSource::Codes);
  EXPECT_TRUE(schemeOf(context, "w8a16").isWeightOnly());
  EXPECT_EQ(schemeOf(context, "w8a16{weights=group:32}").getGroupSize(), 32);
}

TEST(SchemeSpec, SplitsRules) {
  using Pair = std::pair<StringRef, StringRef>;
  EXPECT_EQ(splitRule("a=b=w8a8"), Pair("a=b", "w8a8"));
  EXPECT_EQ(splitRule("a{2}=llm-int8{cap=1 frequency=0}"),
            Pair("a{2}", "llm-int8{cap=1 frequency=0}"));
  EXPECT_EQ(splitRule("fc1"), Pair("fc1", ""));
}
