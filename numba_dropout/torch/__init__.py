"""Dropout for PyTorch: modules and functions with PyTorch's arguments, which keep no mask for the backward pass.

They require PyTorch 2.5 or later: pip install torch (or the extra [torch]).
"""

from ..core.errors import missing

try:
    import torch as _torch  # noqa: F401 - checked here for a clear message
except ImportError as error:
    raise ImportError(missing("numba_dropout.torch requires PyTorch", "torch", "torch"), name="torch") from error

from .attention import MultiheadAttention, scaled_dot_product_attention
from .functional import (
    alpha_dropout,
    drop_block2d,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
    gaussian_dropout,
    stochastic_depth,
)
from .install import install, installed, uninstall
from .linear import linear_relu_dropout
from .modules import (
    AlphaDropout,
    DropBlock2d,
    Dropout,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    FeatureAlphaDropout,
    GaussianDropout,
    LinearReLUDropout,
    StochasticDepth,
)
from .replace import replace_dropout

__all__ = [
    "AlphaDropout",
    "DropBlock2d",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "FeatureAlphaDropout",
    "GaussianDropout",
    "LinearReLUDropout",
    "MultiheadAttention",
    "StochasticDepth",
    "alpha_dropout",
    "drop_block2d",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
    "gaussian_dropout",
    "install",
    "installed",
    "linear_relu_dropout",
    "replace_dropout",
    "scaled_dot_product_attention",
    "stochastic_depth",
    "uninstall",
]
