"""Dropout for JAX, with the masks of the CPU's and CUDA's kernels, written in JAX's own operations.

They require JAX 0.4.36 or later: pip install jax (or the extra [jax]). `numba_dropout.jax.nnx` and
`numba_dropout.jax.linen` have modules for Flax, `numba_dropout.jax.equinox` for Equinox.
"""

from ..core.errors import missing

try:
    import jax as _jax  # noqa: F401 - checked here for a clear message
except ImportError as error:
    raise ImportError(missing("numba_dropout.jax requires JAX", "jax", "jax"), name="jax") from error

from .functional.alpha_dropout import alpha_dropout
from .functional.channel_dropout import dropout1d, dropout2d, dropout3d, feature_alpha_dropout
from .functional.drop_block import drop_block2d
from .functional.dropout import dropout
from .functional.gaussian_dropout import gaussian_dropout
from .functional.mask import sample_mask
from .functional.stochastic_depth import stochastic_depth

__all__ = [
    "alpha_dropout",
    "drop_block2d",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
    "gaussian_dropout",
    "sample_mask",
    "stochastic_depth",
]
