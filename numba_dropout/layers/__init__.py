"""The functions as layers: each has its own masks, and a backward pass for its last forward pass.

Examples
--------
>>> import numpy as np
>>> import numba_dropout as nd
>>> masks = nd.MaskGenerator(seed=7)
>>> first, second = nd.layers.Dropout(0.5, masks=masks), nd.layers.GaussianDropout(0.5, masks=masks)
>>> x = np.ones((2, 4), np.float32)
>>> y = second(first(x))
>>> dx = first.backward(second.backward(np.ones_like(y)))
>>> masks.advance()  # the next step, with other masks
"""

from .alpha_dropout import AlphaDropout
from .base import Layer
from .channel_dropout import Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout
from .concrete_dropout import ConcreteDropout
from .drop_block import DropBlock2d
from .dropconnect import DropConnect
from .dropout import Dropout
from .gaussian_dropout import GaussianDropout, GaussianNoise
from .stochastic_depth import StochasticDepth

__all__ = [
    "AlphaDropout",
    "ConcreteDropout",
    "DropBlock2d",
    "DropConnect",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "FeatureAlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "Layer",
    "StochasticDepth",
]
