"""Functions of one element, each beside its derivative, written once for every target.

No bare float literal meets a float32 (it would widen it): constants are float32 values that float64 holds exactly. And
NumPy's functions rather than `math`'s, whose results are Python floats without a compiler and would narrow to float32.
"""

import numpy as np

from ...core.jit import scalar, shared

ZERO = np.float32(0)
HALF = np.float32(0.5)
ONE = np.float32(1)
# What an average that fades away ends at: below them processors compute many times slower, and no weight feels it.
FAINT, FAINT_SQUARE = np.float32(2**-100), np.float32(2**-120)

SUMS = 256  # parts that a sum is taken in, at most: whatever the threads


@shared
def exp(x):
    """Return e to the x, in the precision of x; as all `shared` functions, CUDA has a body of its own for it."""
    return np.exp(x)


@shared
def log1p(x):
    """Return the logarithm of 1 + x, in the precision of x."""
    return np.log1p(x)


@shared
def sqrt(x):
    """Return the square root, in the precision of x."""
    return np.sqrt(x)


@scalar
def relu(x):
    """Return x where it is positive or NaN, else +0."""
    return x if x > ZERO or x != x else ZERO


@scalar
def relu_derivative(dy, y):
    """Pass a gradient where the ReLU's output y is positive; +0 elsewhere."""
    return dy if y > ZERO else ZERO


@scalar
def relu_dropout_derivative(dy, y, scale):
    """Pass a scaled gradient where ReLU, then dropout, gave a positive y: there it was kept and its input positive."""
    return dy * scale if y > ZERO else ZERO


@scalar
def sigmoid(z):
    """Return 1 / (1 + exp(-z)) without overflow."""
    if z >= ZERO:
        return ONE / (ONE + exp(-z))
    e = exp(z)
    return e / (ONE + e)


@scalar
def bce_with_logits(z, target):
    """Return the cross-entropy of sigmoid(z) with a target in [0, 1], without overflow; dz is sigmoid(z) - target."""
    largest = z if z > ZERO else ZERO
    return largest - z * target + log1p(exp(-abs(z)))


@scalar
def faded(average, least):
    """Return an average, 0 where it has become less than the least that counts; NaN stays."""
    return average if abs(average) >= least else average * ZERO


@scalar
def sgd(w, dw, v, lr, momentum, nesterov, decay):
    """Return a weight and its velocity after a step of SGD (Sutskever et al., ICML 2013; form as in PyTorch)."""
    dw = dw + decay * w
    v = faded(momentum * v + dw, FAINT)
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
    m = faded(beta1 * m + rest1 * dw, FAINT)
    v = faded(beta2 * v + rest2 * dw * dw, FAINT_SQUARE)
    return w * shrink - lr * m / (sqrt(v) / correction + eps), m, v
