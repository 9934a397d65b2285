"""Mean squared error: over the outputs of a row, then over the rows."""

from ..scalar.losses import squared
from ._launch import launch_rows
from ._value_loss import forward_of, write_gradient

_forward = forward_of(squared)


def mse_forward(losses, correct, residuals, out, target):
    """Write each row's mean squared error, 0 as correct (a regression has no accuracy), and out - target.

    losses (B,), correct (B,), residuals (B, K), out (B, K), target (B, K). residuals may be out.
    """
    launch_rows(_forward, out.shape[0], losses, correct, residuals, out, target)


def mse_backward(dout, residuals, target, batch_rows=0):
    """Write the gradient of the mean over all elements: 2 (out - target) / (B K). dout may be residuals.

    dout (B, K), residuals (B, K), target (B, K)

    batch_rows replaces B, for a chunk of a batch.
    """
    write_gradient(dout, residuals, batch_rows, factor=2)
