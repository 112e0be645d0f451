//===- PlanFlags.cpp - the flags of the plan and the report ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PlanFlags.h"

using namespace llvm;

namespace mlir::qopt {

PlanFlags::PlanFlags(cl::OptionCategory &category)
    : plan("plan",
           cl::desc("Quantize as this file says, which --emit-plan wrote and "
                    "which may have been edited"),
           cl::value_desc("plan.json"), cl::cat(category)),
      emitPlan("emit-plan", cl::desc("Write what was decided about each layer"),
               cl::value_desc("plan.json"), cl::cat(category)),
      report("report", cl::desc("Write a page about the result"),
             cl::value_desc("report.html"), cl::cat(category)),
      reportJSON("report-json", cl::desc("Write what is on the page as JSON"),
                 cl::value_desc("report.json"), cl::cat(category)) {}

void PlanFlags::apply(CompileOptions &options) const {
  options.planFile = plan;
  options.sideOutputs.plan = emitPlan;
  options.sideOutputs.report = report;
  options.sideOutputs.reportJSON = reportJSON;
}

} // namespace mlir::qopt
