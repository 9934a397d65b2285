"""Mean squared error over the outputs of each row, then over the rows."""

from ...core.jit import kernel


@kernel
def mse_forward(losses, correct, residuals, out, target):
    """Write each row's mean squared error, 0 as correct (a regression has no accuracy), and out - target.

    losses (B,), correct (B,), residuals (B, K), out (B, K), target (B, K). residuals may be out.
    """
    rows, columns = out.shape
    for i in range(rows):
        total = out.dtype.type(0)
        for k in range(columns):
            residual = out[i, k] - target[i, k]
            residuals[i, k] = residual
            total += residual * residual
        losses[i] = total / columns
        correct[i] = 0


@kernel
def mse_backward(dout, residuals, target, batch_rows=0):
    """Write the gradient of the mean over all elements: 2 (out - target) / (B K). dout may be residuals.

    dout (B, K), residuals (B, K), target (B, K)

    batch_rows replaces B, for a chunk of a batch.
    """
    rows, columns = residuals.shape
    scale = dout.dtype.type(2 / ((batch_rows or rows) * columns))
    for i in range(rows):
        for k in range(columns):
            dout[i, k] = residuals[i, k] * scale
