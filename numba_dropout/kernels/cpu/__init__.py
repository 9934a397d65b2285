"""CPU kernels: they write into `out`, check nothing, and run on all of Numba's threads.

Call them from your own `@njit` functions, or through `numba_dropout`'s functions, which check and allocate.
Random ones take the seed as two `uint64` words (low, high 32 bits), and `stream`, `step`, `offset` as `uint64`.
"""

from .adam import linear_adam
from .bce import bce_backward, bce_forward
from .dropout import drop_all, dropout_backward, dropout_forward
from .linear import linear_backward, linear_backward_input, linear_backward_weight, linear_forward
from .linear_relu_dropout import linear_relu_dropout_backward, linear_relu_dropout_forward
from .mask import sample_mask, sample_packed_mask
from .max_norm import max_norm
from .mse import mse_backward, mse_forward
from .random import random_bits
from .relu import relu_backward, relu_forward
from .rows import gather_labels, gather_rows
from .sgd import linear_sgd
from .softmax_cross_entropy import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from .totals import batch_totals

__all__ = [
    "batch_totals",
    "bce_backward",
    "bce_forward",
    "drop_all",
    "dropout_backward",
    "dropout_forward",
    "gather_labels",
    "gather_rows",
    "linear_adam",
    "linear_backward",
    "linear_backward_input",
    "linear_backward_weight",
    "linear_forward",
    "linear_relu_dropout_backward",
    "linear_relu_dropout_forward",
    "linear_sgd",
    "max_norm",
    "mse_backward",
    "mse_forward",
    "random_bits",
    "relu_backward",
    "relu_forward",
    "sample_mask",
    "sample_packed_mask",
    "softmax_cross_entropy_backward",
    "softmax_cross_entropy_forward",
]
