"""CUDA kernels: the functions of `kernels.cpu`, with the same names and arguments, for arrays in device memory.

Each file holds the kernels of one operation and the functions that launch them. Elements are float32. Dropout,
noise and ReLU also take float16, and bfloat16 as its bits (uint16). No function waits for the device. Kernels run on
the default stream, or on the stream that you choose with `on_stream`.
"""

from ...core.renamed import renamed
from ._launch import on_stream, products_in
from .absolute import absolute_backward, absolute_forward
from .accumulate import accumulate
from .adam import linear_adam, step_adam
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
from .sgd import linear_sgd, step_sgd
from .softmax_cross_entropy import softmax_cross_entropy_backward, softmax_cross_entropy_forward

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
    "gather_rows",
    "gather_sparse_rows",
    "gaussian_dropout_backward",
    "gaussian_dropout_forward",
    "gaussian_relu_derivative",
    "huber_backward",
    "huber_forward",
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
    "on_stream",
    "pack_mask",
    "poisson_backward",
    "poisson_forward",
    "products_in",
    "random_bits",
    "relu_backward",
    "relu_forward",
    "sample_mask",
    "sample_mask_rates",
    "sample_packed_mask",
    "scale_rows",
    "softmax_cross_entropy_backward",
    "softmax_cross_entropy_forward",
    "step_adam",
    "step_sgd",
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
    },
)
