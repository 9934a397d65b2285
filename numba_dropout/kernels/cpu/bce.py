"""Binary cross-entropy of the sigmoid of logits with targets in [0, 1]."""

from ...core.jit import kernel
from ..scalar.constants import HALF, ZERO
from ..scalar.losses import bce_with_logits, sigmoid


@kernel
def bce_forward(losses, correct, probs, logits, target):
    """Write each row's mean loss, the share of its outputs on the same side of 0.5 as the target, and the sigmoids.

    losses (B,), correct (B,), probs (B, K), logits (B, K), target (B, K). probs may be logits.
    """
    rows, columns = logits.shape
    for i in range(rows):
        total = logits.dtype.type(0)
        correct_count = 0
        for k in range(columns):
            z = logits[i, k]
            total += bce_with_logits(z, target[i, k])
            correct_count += (z > ZERO) == (target[i, k] > HALF)
            probs[i, k] = sigmoid(z)
        losses[i] = total / columns
        correct[i] = correct_count / columns


@kernel
def bce_backward(dlogits, probs, target, batch_rows=0):
    """Write the gradient of the mean over all elements: (sigmoid - target) / (B K). dlogits may be probs.

    dlogits (B, K), probs (B, K), target (B, K)

    batch_rows replaces B, for a chunk of a batch.
    """
    rows, columns = probs.shape
    scale = dlogits.dtype.type(1 / ((batch_rows or rows) * columns))
    for i in range(rows):
        for k in range(columns):
            dlogits[i, k] = (probs[i, k] - target[i, k]) * scale
