//===- Profile.h - where the time of a run goes -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_RUN_PROFILE_H
#define QOPT_TOOLS_QOPT_RUN_PROFILE_H

#include "qopt/model.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace runner {

/// What a library recorded.
struct Profile {
  std::string isa;
  int threads = 1;
  std::vector<qopt_event> events;
  qopt_memory memory = {};

  /// Tables by kernel and by place in the model, with limits that are measured
  /// here and now.
  void print(llvm::raw_ostream &os) const;

  /// The trace-event format that Perfetto and Chrome read.
  void writeTrace(llvm::raw_ostream &os) const;
};

} // namespace runner

#endif // QOPT_TOOLS_QOPT_RUN_PROFILE_H
