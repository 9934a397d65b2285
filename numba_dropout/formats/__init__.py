"""Conversion of models to and from other formats: safetensors, ONNX, PyTorch's `Sequential`.

`MLP.save`, `MLP.load` and the commands accept `.safetensors` files. Import the modules `onnx` and `torch` from here.
"""

from ..storage import safetensors, sequential

__all__ = ["safetensors", "sequential"]
