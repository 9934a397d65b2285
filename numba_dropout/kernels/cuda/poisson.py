"""Poisson loss of counts: outputs are the logarithms of their rates."""

from ..scalar.losses import poisson
from ._launch import launch_rows
from ._value_loss import forward_of, write_gradient

_forward = forward_of(poisson)


def poisson_forward(losses, correct, slopes, out, target):
    """Write each row's mean of exp(out) - target * out, 0 as correct (counts have no accuracy), and the derivatives.

    The derivatives are exp(out) - target.

    losses (B,), correct (B,), slopes (B, K), out (B, K), target (B, K). slopes may be out.
    """
    launch_rows(_forward, out.shape[0], losses, correct, slopes, out, target)


def poisson_backward(dout, slopes, target, batch_rows=0):
    """Write the gradient of the mean over all elements: slopes / (B K). dout may be slopes.

    dout (B, K), slopes (B, K), target (B, K)

    batch_rows replaces B, for a chunk of a batch.
    """
    write_gradient(dout, slopes, batch_rows)
