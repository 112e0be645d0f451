# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Run libraries made by the qopt compiler, with NumPy arrays in and out."""

from ._model import Error, Model, Port, load

__all__ = ["Error", "Model", "Port", "load"]
__version__ = "0.1.0"
