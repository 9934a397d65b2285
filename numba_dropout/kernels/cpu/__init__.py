"""CPU kernels: they write into `out`, check nothing, and run on all of Numba's threads.

Call them from your own `@njit` functions, or use `numba_dropout`'s functions, which check arguments and allocate.
Random kernels take the seed as two `uint64` words `k0, k1` (its low and high 32 bits), and `stream`, `step`, `offset`
as `uint64`. Dropout kernels take the probability as `threshold`, a `uint64`, the integer nearest to `p * 2**32`, and
`scale`, `2**32 / (2**32 - threshold)` in the dtype of the array. Kernels of dropout, noise and ReLU also take half
precision: int16 arrays are the bits of float16, and uint16 arrays those of bfloat16. Their numbers, such as `scale`,
are float32.

Examples
--------
>>> from numba import njit
>>> import numpy as np
>>> from numba_dropout.kernels import cpu
>>> @njit
... def noisy(out, x, step):
...     k0, k1, zero = np.uint64(1), np.uint64(0), np.uint64(0)
...     cpu.dropout_forward(out, x, np.uint64(2**31), np.float32(2), k0, k1, zero, step, zero)  # p = 0.5
>>> x = np.ones(8, np.float32)
>>> noisy(x, x, np.uint64(0))
>>> x
array([0., 2., 0., 2., 0., 2., 2., 2.], dtype=float32)
"""

from ...core.renamed import renamed
from .absolute import absolute_backward, absolute_forward
from .accumulate import accumulate
from .adam import linear_adam, step_adam, subnetwork_adam
from .alpha_dropout import alpha_dropout_backward, alpha_dropout_forward
from .bce import bce_backward, bce_forward
from .clip_norm import clip_norm
from .concrete_dropout import (
    concrete_dropout_backward,
    concrete_dropout_forward,
    concrete_hyperparameters,
    concrete_regularizer,
)
from .drop_block import block_mask
from .dropout import drop_all, dropout_backward, dropout_forward, dropout_steps
from .dropout_rates import dropout_rates_backward, dropout_rates_forward, sample_mask_rates
from .gather import gather, gather_rows, gather_sparse_rows, scale_rows
from .gaussian_dropout import (
    add_gaussian_noise,
    gaussian_dropout_backward,
    gaussian_dropout_forward,
    gaussian_relu_derivative,
)
from .huber import huber_backward, huber_forward
from .linear import (
    linear_backward,
    linear_backward_input,
    linear_backward_product,
    linear_backward_weight,
    linear_forward,
)
from .linear_dropout import linear_dropout, multiply_slopes
from .linear_relu_dropout import linear_relu_dropout_backward, linear_relu_dropout_forward
from .mask import pack_mask, sample_mask, sample_packed_mask, unpack_mask
from .masked_dropout import (
    masked_dropout_backward,
    masked_dropout_forward,
    masked_dropout_packed_backward,
    masked_dropout_packed_forward,
    masked_dropout_rates_backward,
    masked_dropout_rates_forward,
)
from .max_norm import max_norm
from .mse import mse_backward, mse_forward
from .poisson import poisson_backward, poisson_forward
from .random_bits import random_bits
from .reductions import batch_sums
from .relu import relu_backward, relu_forward
from .sgd import linear_sgd, step_sgd, subnetwork_sgd
from .softmax_cross_entropy import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from .subnetwork import gather_columns, kept_units, spread_columns, spread_layer, take_layer

__all__ = [
    "absolute_backward",
    "absolute_forward",
    "accumulate",
    "add_gaussian_noise",
    "alpha_dropout_backward",
    "alpha_dropout_forward",
    "batch_sums",
    "bce_backward",
    "bce_forward",
    "block_mask",
    "clip_norm",
    "concrete_dropout_backward",
    "concrete_dropout_forward",
    "concrete_hyperparameters",
    "concrete_regularizer",
    "drop_all",
    "dropout_backward",
    "dropout_forward",
    "dropout_rates_backward",
    "dropout_rates_forward",
    "dropout_steps",
    "gather",
    "gather_columns",
    "gather_rows",
    "gather_sparse_rows",
    "gaussian_dropout_backward",
    "gaussian_dropout_forward",
    "gaussian_relu_derivative",
    "huber_backward",
    "huber_forward",
    "kept_units",
    "linear_adam",
    "linear_backward",
    "linear_backward_input",
    "linear_backward_product",
    "linear_backward_weight",
    "linear_dropout",
    "linear_forward",
    "linear_relu_dropout_backward",
    "linear_relu_dropout_forward",
    "linear_sgd",
    "masked_dropout_backward",
    "masked_dropout_forward",
    "masked_dropout_packed_backward",
    "masked_dropout_packed_forward",
    "masked_dropout_rates_backward",
    "masked_dropout_rates_forward",
    "max_norm",
    "mse_backward",
    "mse_forward",
    "multiply_slopes",
    "pack_mask",
    "poisson_backward",
    "poisson_forward",
    "random_bits",
    "relu_backward",
    "relu_forward",
    "sample_mask",
    "sample_mask_rates",
    "sample_packed_mask",
    "scale_rows",
    "softmax_cross_entropy_backward",
    "softmax_cross_entropy_forward",
    "spread_columns",
    "spread_layer",
    "step_adam",
    "step_sgd",
    "subnetwork_adam",
    "subnetwork_sgd",
    "take_layer",
    "unpack_mask",
]

__getattr__ = renamed(
    __name__,
    {
        "affine_dropout": "alpha_dropout_forward",
        "apply_mask": "masked_dropout_forward",
        "apply_mask_rates": "masked_dropout_rates_forward",
        "apply_packed_mask": "masked_dropout_packed_forward",
        "batch_totals": "batch_sums",
        "concrete_settings": "concrete_hyperparameters",
        "sub_network_adam": "subnetwork_adam",
        "sub_network_sgd": "subnetwork_sgd",
    },
)
