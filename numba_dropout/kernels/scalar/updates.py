"""Updates of one parameter by its gradient."""

import numpy as np

from ...core.jit import scalar
from .constants import ZERO
from .transcendental import sqrt

__all__ = ["adam", "sgd"]

# What an average that fades away ends at: below them processors compute many times slower, and no weight feels it.
FAINT, FAINT_SQUARE = np.float32(2**-100), np.float32(2**-120)


@scalar
def flush_to_zero(average, least):
    """Return an average, 0 where it has become less than the least that counts; NaN stays."""
    return average if abs(average) >= least else average * ZERO


@scalar
def sgd(w, dw, v, lr, momentum, nesterov, decay):
    """Return a weight and its velocity after a step of SGD (Sutskever et al., ICML 2013; form as in PyTorch)."""
    dw = dw + decay * w
    v = flush_to_zero(momentum * v + dw, FAINT)
    ahead = dw + momentum * v
    return w - lr * (ahead if nesterov != ZERO else v), v


@scalar
def adam(w, dw, m, v, lr, beta1, rest1, beta2, rest2, eps, decay, shrink, correction):
    """Return a weight and both moments after a step of Adam (Kingma & Ba, ICLR 2015, algorithm 1).

    `rest` is 1 - beta, which float32 cannot give for a beta near 1; `lr` is already divided by 1 - beta1**t, and
    `correction` is sqrt(1 - beta2**t). `decay` joins the gradient (L2); `shrink` is AdamW's factor 1 - lr * decay on
    the weight itself (Loshchilov & Hutter, ICLR 2019).
    """
    dw = dw + decay * w
    m = flush_to_zero(beta1 * m + rest1 * dw, FAINT)
    v = flush_to_zero(beta2 * v + rest2 * dw * dw, FAINT_SQUARE)
    return w * shrink - lr * m / (sqrt(v) / correction + eps), m, v
