"""Models in the formats of others: safetensors, ONNX, PyTorch's `Sequential`.

A `.safetensors` file is a model like any other (`MLP.save`, `MLP.load`, the commands); `onnx` and `torch` are modules
here.
"""

from ..storage import safetensors, sequential

__all__ = ["safetensors", "sequential"]
