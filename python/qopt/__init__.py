# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Run libraries made by the qopt compiler, with NumPy arrays in and out."""

from ._decode import generate
from ._model import (Cache, Error, Event, Guard, Memory, Model, Port,
                     load)

__all__ = ["Cache", "Error", "Event", "Guard", "Memory", "Model", "Port",
           "generate", "load"]
__version__ = "0.1.0"
