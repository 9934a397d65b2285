"""Huber loss: half the squared error up to an error of 1, and its tangent beyond."""

from ...core.jit import kernel
from ..scalar.losses import huber
from ._value_loss import forward_of, write_gradient

_forward = forward_of(huber)


@kernel
def huber_forward(losses, correct, slopes, out, target):
    """Write each row's mean Huber loss, 0 as correct (a regression has no accuracy), and the derivatives.

    The derivatives are out - target, at least -1 and at most 1.

    losses (B,), correct (B,), slopes (B, K), out (B, K), target (B, K). slopes may be out.
    """
    _forward(losses, correct, slopes, out, target)


@kernel
def huber_backward(dout, slopes, target, batch_rows=0):
    """Write the gradient of the mean over all elements: slopes / (B K). dout may be slopes.

    dout (B, K), slopes (B, K), target (B, K)

    batch_rows replaces B, for a chunk of a batch.
    """
    write_gradient(dout, slopes, batch_rows)
