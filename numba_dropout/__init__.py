"""Dropout with Numba: kernels for CPU and CUDA, a hand-written MLP, and the command `ndrop`.

Examples
--------
>>> import numpy as np
>>> import numba_dropout as nd
>>> nd.dropout(np.ones(8, np.float32), p=0.5, seed=1)
array([0., 2., 0., 2., 0., 2., 2., 2.], dtype=float32)
"""

import sys as _sys

from . import data, layers
from .core._version import __version__ as __version__
from .experiments.train import train
from .functional.alpha_dropout import alpha_dropout, alpha_dropout_backward
from .functional.channel_dropout import (
    dropout1d,
    dropout1d_backward,
    dropout2d,
    dropout2d_backward,
    dropout3d,
    dropout3d_backward,
    feature_alpha_dropout,
    feature_alpha_dropout_backward,
)
from .functional.concrete_dropout import concrete_dropout, concrete_dropout_backward
from .functional.drop_block import drop_block2d, drop_block2d_backward
from .functional.dropconnect import dropconnect, dropconnect_backward
from .functional.dropout import dropout, dropout_backward
from .functional.gaussian_dropout import (
    gaussian_dropout,
    gaussian_dropout_backward,
    gaussian_noise,
    gaussian_noise_backward,
)
from .functional.linear import linear, linear_backward
from .functional.linear_dropout import linear_dropout, linear_dropout_backward
from .functional.linear_relu_dropout import linear_relu_dropout, linear_relu_dropout_backward
from .functional.mask import sample_mask
from .functional.relu import relu, relu_backward
from .functional.stochastic_depth import stochastic_depth, stochastic_depth_backward
from .layers.mask_generator import MaskGenerator
from .nn import monte_carlo
from .nn.mlp import MLP
from .optim import SGD, Adam, AdamW
from .storage import safetensors as _safetensors
from .storage import sequential as _sequential
from .training import callbacks, loop
from .training import fit as _fit_module
from .training.checkpoints import Checkpoint
from .training.evaluate import evaluate
from .training.fit import Callback, fit

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "Callback",
    "Checkpoint",
    "MaskGenerator",
    "alpha_dropout",
    "alpha_dropout_backward",
    "concrete_dropout",
    "concrete_dropout_backward",
    "data",
    "drop_block2d",
    "drop_block2d_backward",
    "dropconnect",
    "dropconnect_backward",
    "dropout",
    "dropout1d",
    "dropout1d_backward",
    "dropout2d",
    "dropout2d_backward",
    "dropout3d",
    "dropout3d_backward",
    "dropout_backward",
    "evaluate",
    "feature_alpha_dropout",
    "feature_alpha_dropout_backward",
    "fit",
    "gaussian_dropout",
    "gaussian_dropout_backward",
    "gaussian_noise",
    "gaussian_noise_backward",
    "layers",
    "linear",
    "linear_backward",
    "linear_dropout",
    "linear_dropout_backward",
    "linear_relu_dropout",
    "linear_relu_dropout_backward",
    "relu",
    "relu_backward",
    "sample_mask",
    "stochastic_depth",
    "stochastic_depth_backward",
    "train",
]

# Names of the module `numba_dropout.train` of version 0.1, which is now a function.
for _name in _fit_module.__all__:
    setattr(train, _name, getattr(_fit_module, _name))

# Aliases for the module paths that version 0.1 documented, such as `numba_dropout.loop.History`.
_sys.modules.update(
    {
        f"{__name__}.callbacks": callbacks,
        f"{__name__}.formats.safetensors": _safetensors,
        f"{__name__}.formats.sequential": _sequential,
        f"{__name__}.loop": loop,
        f"{__name__}.monte_carlo": monte_carlo,
        f"{__name__}.train": _fit_module,
    }
)
