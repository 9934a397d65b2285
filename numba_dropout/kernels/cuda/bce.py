"""Binary cross-entropy of the sigmoid of logits with targets in [0, 1], with one thread block per row."""

import numpy as np
from numba import cuda, float32

from ...core.jit import device_kernel
from ..scalar.constants import HALF, ONE, ZERO
from ..scalar.losses import bce_with_logits, sigmoid
from ._launch import ROW_THREADS, launch_rows
from .reductions import tree_sum


@device_kernel
def _forward(losses, correct, probs, logits, target):
    """Write the loss, the correct fraction and the sigmoids of a row."""
    i, thread = cuda.blockIdx.x, cuda.threadIdx.x
    columns = logits.shape[1]
    values = cuda.shared.array(ROW_THREADS, float32)
    total, correct_count = ZERO, ZERO
    for k in range(thread, columns, ROW_THREADS):
        z = logits[i, k]
        total += bce_with_logits(z, target[i, k])
        correct_count += ONE if (z > ZERO) == (target[i, k] > HALF) else ZERO
        probs[i, k] = sigmoid(z)
    values[thread] = total
    total = tree_sum(values, thread)
    values[thread] = correct_count
    correct_count = tree_sum(values, thread)
    if thread == 0:
        losses[i] = total / np.float32(columns)
        correct[i] = correct_count / np.float32(columns)


def bce_forward(losses, correct, probs, logits, target):
    """Write each row's mean loss, the fraction of its outputs on the target's side of 0.5, and the sigmoids.

    losses (B,), correct (B,), probs (B, K), logits (B, K), target (B, K). probs may be logits.
    """
    launch_rows(_forward, logits.shape[0], losses, correct, probs, logits, target)


@device_kernel
def _backward(dlogits, probs, target, scale):
    """Write the gradient of a row."""
    i = cuda.blockIdx.x
    for k in range(cuda.threadIdx.x, probs.shape[1], ROW_THREADS):
        dlogits[i, k] = (probs[i, k] - target[i, k]) * scale


def bce_backward(dlogits, probs, target, batch_rows=0):
    """Write the gradient of the mean over all elements: (sigmoid - target) / (B K). dlogits may be probs.

    dlogits (B, K), probs (B, K), target (B, K)

    batch_rows replaces B, for a chunk of a batch.
    """
    launch_rows(
        _backward,
        probs.shape[0],
        dlogits,
        probs,
        target,
        np.float32(1 / ((batch_rows or probs.shape[0]) * probs.shape[1])),
    )
