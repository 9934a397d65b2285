"""Updates of one parameter from its gradient."""

import numpy as np

from ...core.jit import scalar
from .constants import ZERO
from .transcendental import sqrt

__all__ = ["adam", "sgd"]

# Smaller averages become 0: they affect no weight, and would decay to subnormal numbers, which are many times slower.
MIN_AVERAGE, MIN_SQUARE = np.float32(2**-100), np.float32(2**-120)


@scalar
def flush_to_zero(average, minimum):
    """Return the average, or 0 if its magnitude is below the minimum. NaN stays NaN."""
    return average if abs(average) >= minimum else average * ZERO


@scalar
def sgd(w, dw, v, lr, momentum, nesterov, decay):
    """Return a weight and its velocity after a step of SGD (Sutskever et al., ICML 2013, in PyTorch's form)."""
    dw = dw + decay * w
    v = flush_to_zero(momentum * v + dw, MIN_AVERAGE)
    lookahead = dw + momentum * v
    return w - lr * (lookahead if nesterov != ZERO else v), v


@scalar
def adam(w, dw, m, v, lr, beta1, rest1, beta2, rest2, eps, decay, shrink, correction):
    """Return a weight and both moments after a step of Adam (Kingma & Ba, ICLR 2015, algorithm 1).

    `rest` is 1 - beta, which float32 cannot compute accurately for a beta near 1. `lr` is already divided by
    1 - beta1**t, and `correction` is sqrt(1 - beta2**t). `decay` adds to the gradient (L2). `shrink` is AdamW's factor
    1 - lr * decay of the weight (Loshchilov & Hutter, ICLR 2019).
    """
    dw = dw + decay * w
    m = flush_to_zero(beta1 * m + rest1 * dw, MIN_AVERAGE)
    v = flush_to_zero(beta2 * v + rest2 * dw * dw, MIN_SQUARE)
    return w * shrink - lr * m / (sqrt(v) / correction + eps), m, v
