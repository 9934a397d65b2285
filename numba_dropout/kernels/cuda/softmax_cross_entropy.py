"""Cross-entropy of the softmax of logits with class labels, with one thread block per row."""

import math

import numpy as np
from numba import cuda, float32, int64

from ...core.jit import device_function, device_kernel
from ..scalar.constants import ONE, ZERO
from ._launch import ROW_THREADS, launch_rows
from .reductions import tree_sum

LOWEST = np.float32(-np.inf)


@device_function
def _largest(logits, i, thread):
    """Return the first column with the largest logit of row i to all threads. A NaN is largest in column 0 only."""
    largest = cuda.shared.array(ROW_THREADS, float32)
    largest_columns = cuda.shared.array(ROW_THREADS, int64)
    columns = logits.shape[1]
    value, column = LOWEST, int64(columns)
    for k in range(thread, columns, ROW_THREADS):
        if logits[i, k] > value:
            value, column = logits[i, k], int64(k)
    largest[thread], largest_columns[thread] = value, column
    half = ROW_THREADS >> 1
    cuda.syncthreads()
    while half:
        if thread < half:
            other, other_column = largest[thread + half], largest_columns[thread + half]
            if other > largest[thread] or (other == largest[thread] and other_column < largest_columns[thread]):
                largest[thread], largest_columns[thread] = other, other_column
        cuda.syncthreads()
        half >>= 1
    column = largest_columns[0]
    first = logits[i, 0]
    return int64(0) if column == columns or first != first else column


@device_kernel
def _forward(losses, correct, probs, logits, labels):
    """Write the loss, the correctness and the softmax of a row."""
    i, thread = cuda.blockIdx.x, cuda.threadIdx.x
    values = cuda.shared.array(ROW_THREADS, float32)
    best = _largest(logits, i, thread)
    largest, label_logit = logits[i, best], logits[i, labels[i]]
    cuda.syncthreads()  # before another thread overwrites them: probs may be logits
    total = ZERO
    for k in range(thread, logits.shape[1], ROW_THREADS):
        exponential = math.exp(logits[i, k] - largest)
        probs[i, k] = exponential
        total += exponential
    values[thread] = total
    total = tree_sum(values, thread)
    for k in range(thread, logits.shape[1], ROW_THREADS):
        probs[i, k] /= total
    if thread == 0:
        losses[i] = math.log(total) - (label_logit - largest)
        correct[i] = ONE if best == labels[i] else ZERO


def softmax_cross_entropy_forward(losses, correct, probs, logits, labels):
    """Write each row's loss, 1 if its largest logit is that of its label, else 0, and its softmax.

    losses (B,), correct (B,), probs (B, K), logits (B, K), labels (B,) int64 in 0..K-1. probs may be logits.
    """
    launch_rows(_forward, logits.shape[0], losses, correct, probs, logits, labels)


@device_kernel
def _backward(dlogits, probs, labels, scale):
    """Write the gradient of a row."""
    i = cuda.blockIdx.x
    label = labels[i]
    for k in range(cuda.threadIdx.x, probs.shape[1], ROW_THREADS):
        dlogits[i, k] = (probs[i, k] - (ONE if k == label else ZERO)) * scale


def softmax_cross_entropy_backward(dlogits, probs, labels, batch_rows=0):
    """Write the gradient of the mean loss over the rows: (softmax - one-hot) / B. dlogits may be probs.

    dlogits (B, K), probs (B, K), labels (B,) int64

    batch_rows replaces B, for a chunk of a batch.
    """
    launch_rows(_backward, probs.shape[0], dlogits, probs, labels, np.float32(1 / (batch_rows or probs.shape[0])))
