"""Losses of values that are a function of each output and its target: the mean over a row, and the gradient."""

from ...core.jit import serial_loop

__all__ = ["forward_of", "write_gradient"]


def forward_of(loss):
    """Return the loop over a batch for a `scalar` loss(z, target), which returns the loss and its derivative."""

    @serial_loop
    def forward(losses, correct, slopes, out, target):
        """Write each row's mean loss, 0 as correct, and the derivatives of the outputs' losses."""
        rows, columns = out.shape
        for i in range(rows):
            total = out.dtype.type(0)
            for k in range(columns):
                value, slope = loss(out[i, k], target[i, k])
                slopes[i, k] = slope
                total += value
            losses[i] = total / columns
            correct[i] = 0

    return forward


@serial_loop
def write_gradient(dout, slopes, batch_rows):
    """Write the gradient of the mean over all elements: slopes / (B K). dout may be slopes."""
    rows, columns = slopes.shape
    scale = dout.dtype.type(1 / ((batch_rows or rows) * columns))
    for i in range(rows):
        for k in range(columns):
            dout[i, k] = slopes[i, k] * scale
