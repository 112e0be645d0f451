"""What viewers expect of the trace-event format: a name and times for each event,
events of one thread nested or apart, and the loop of the fake model in each run.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    trace = json.load(file)
events = [event for event in trace["traceEvents"] if event["ph"] == "X"]
names = [event for event in trace["traceEvents"] if event["ph"] == "M"]
assert [name["tid"] for name in names] == [0, 1], names
assert [event["cat"] for event in events].count("run") == 4
assert min(event["ts"] for event in events) == 0
kernels = [event for event in events if event["cat"] == "kernel"]
assert len(kernels) == 4
for kernel in kernels:
    assert kernel["name"] == "add_one" and kernel["tid"] == 0
    assert kernel["args"]["nodes"] == ["first node", "second node"]
    assert kernel["args"]["operations"] == 2 * 4 * 1280
for tid in (0, 1):
    ends = []
    for event in sorted((e for e in events if e["tid"] == tid), key=lambda e: (e["ts"], -e["dur"])):
        while ends and ends[-1] <= event["ts"] + 1e-4:
            ends.pop()
        end = event["ts"] + event["dur"]
        assert not ends or end <= ends[-1] + 1e-4, event
        ends.append(end)
