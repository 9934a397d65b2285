"""Dropout as an engine of its own: kernels, a hand-written MLP, and the command `ndrop`.

>>> import numpy as np
>>> import numba_dropout as nd
>>> nd.dropout(np.ones(8, np.float32), p=0.5, seed=1)
array([0., 2., 0., 2., 0., 2., 2., 2.], dtype=float32)
"""

from . import data
from .mask_generator import MaskGenerator
from .mlp import MLP
from .ops import (
    dropout,
    dropout_backward,
    linear,
    linear_backward,
    linear_relu_dropout,
    linear_relu_dropout_backward,
    relu,
    relu_backward,
    sample_mask,
)
from .optim import SGD, Adam, AdamW
from .train import Callback, evaluate, fit

__version__ = "0.1.0"

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "Callback",
    "MaskGenerator",
    "data",
    "dropout",
    "dropout_backward",
    "evaluate",
    "fit",
    "linear",
    "linear_backward",
    "linear_relu_dropout",
    "linear_relu_dropout_backward",
    "relu",
    "relu_backward",
    "sample_mask",
]
