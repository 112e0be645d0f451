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
                 cl::value_desc("report.json"), cl::cat(category)),
      nodeData("node-data",
               cl::desc("Write the layers' errors as an overlay for Model "
                        "Explorer"),
               cl::value_desc("nodes.json"), cl::cat(category)),
      reportSpeed("report-speed",
                  cl::desc("Compile the float model too, run both on a sample "
                           "and report the times"),
                  cl::cat(category)) {}

void PlanFlags::apply(CompileOptions &options) const {
  options.planFile = plan;
  options.sideOutputs.plan = emitPlan;
  options.sideOutputs.report = report;
  options.sideOutputs.reportJSON = reportJSON;
  options.sideOutputs.nodeData = nodeData;
  options.sideOutputs.speed = reportSpeed;
}

bool PlanFlags::check(const CompileOptions &options, std::string &error) const {
  if (!reportSpeed)
    return true;
  if (options.sideOutputs.report.empty() &&
      options.sideOutputs.reportJSON.empty())
    error = "--report-speed goes with --report or --report-json";
  else if (options.calibFile.empty())
    error = "--report-speed runs a sample: add --calib=DATA";
  else if (options.emit != EmitKind::SharedLibrary || options.dryRun)
    error = "--report-speed needs a library to run";
  return error.empty();
}

} // namespace mlir::qopt
