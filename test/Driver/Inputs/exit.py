"""exit.py CODE COMMAND...: runs the command with its two outputs as one and fails
unless it exits with CODE.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import subprocess
import sys

result = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
sys.stdout.buffer.write(result.stdout)
sys.stdout.flush()
if result.returncode != int(sys.argv[1]):
    sys.exit(f"exit code {result.returncode}, not {sys.argv[1]}")
