"""Cross-entropy of the softmax of logits with class labels."""

import math

from ...core.jit import kernel


@kernel
def softmax_cross_entropy_forward(losses, correct, probs, logits, labels):
    """Write each row's loss, 1 if its largest logit is at its label and else 0, and its softmax.

    losses (B,), correct (B,), probs (B, K), logits (B, K), labels (B,) int64 in 0..K-1. probs may be logits
    """
    rows, columns = logits.shape
    for i in range(rows):
        best = 0
        for k in range(1, columns):
            if logits[i, k] > logits[i, best]:
                best = k
        largest = logits[i, best]
        label_logit = logits[i, labels[i]] - largest  # before probs, which may be logits, is written
        total = logits.dtype.type(0)
        for k in range(columns):
            probs[i, k] = math.exp(logits[i, k] - largest)
            total += probs[i, k]
        for k in range(columns):
            probs[i, k] /= total
        losses[i] = math.log(total) - label_logit
        correct[i] = best == labels[i]


@kernel
def softmax_cross_entropy_backward(dlogits, probs, labels, batch_rows=0):
    """Write the gradient of the mean loss over the rows: (softmax - one-hot) / B. dlogits may be probs.

    dlogits (B, K), probs (B, K), labels (B,) int64

    batch_rows replaces B, for a chunk of a batch.
    """
    rows, columns = probs.shape
    scale = dlogits.dtype.type(1 / (batch_rows or rows))
    one = dlogits.dtype.type(1)
    for i in range(rows):
        label_gradient = (probs[i, labels[i]] - one) * scale
        for k in range(columns):
            dlogits[i, k] = probs[i, k] * scale
        dlogits[i, labels[i]] = label_gradient
