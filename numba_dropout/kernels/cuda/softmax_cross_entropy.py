"""Cross-entropy of the softmax of a row of logits with the index of its class; a row a block."""

import math

import numpy as np
from numba import cuda, float32, int64

from ...core.jit import device_function, device_kernel
from ..scalar.constants import ONE, ZERO
from ._launch import ROW, launch_rows
from .reductions import tree_sum

LOWEST = np.float32(-np.inf)


@device_function
def _largest(logits, i, thread):
    """Return the first column of row i with the largest logit, to all threads; NaN is larger only where it is first."""
    largest = cuda.shared.array(ROW, float32)
    places = cuda.shared.array(ROW, int64)
    columns = logits.shape[1]
    value, place = LOWEST, int64(columns)
    for k in range(thread, columns, ROW):
        if logits[i, k] > value:
            value, place = logits[i, k], int64(k)
    largest[thread], places[thread] = value, place
    half = ROW >> 1
    cuda.syncthreads()
    while half:
        if thread < half:
            other, there = largest[thread + half], places[thread + half]
            if other > largest[thread] or (other == largest[thread] and there < places[thread]):
                largest[thread], places[thread] = other, there
        cuda.syncthreads()
        half >>= 1
    place = places[0]
    first = logits[i, 0]
    return int64(0) if place == columns or first != first else place


@device_kernel
def _forward(losses, correct, probs, logits, labels):
    i, thread = cuda.blockIdx.x, cuda.threadIdx.x
    values = cuda.shared.array(ROW, float32)
    best = _largest(logits, i, thread)
    largest, wanted = logits[i, best], logits[i, labels[i]]
    cuda.syncthreads()  # before another thread writes over them: probs may be logits
    total = ZERO
    for k in range(thread, logits.shape[1], ROW):
        power = math.exp(logits[i, k] - largest)
        probs[i, k] = power
        total += power
    values[thread] = total
    total = tree_sum(values, thread)
    for k in range(thread, logits.shape[1], ROW):
        probs[i, k] /= total
    if thread == 0:
        losses[i] = math.log(total) - (wanted - largest)
        correct[i] = ONE if best == labels[i] else ZERO


def softmax_cross_entropy_forward(losses, correct, probs, logits, labels):
    """Write each row's loss, whether its largest logit is its class's (1 or 0), and its softmax.

    losses (B,), correct (B,), probs (B, K), logits (B, K), labels (B,) int64 in 0..K-1; probs may be logits
    """
    launch_rows(_forward, logits.shape[0], losses, correct, probs, logits, labels)


@device_kernel
def _backward(dlogits, probs, labels, scale):
    i = cuda.blockIdx.x
    label = labels[i]
    for k in range(cuda.threadIdx.x, probs.shape[1], ROW):
        dlogits[i, k] = (probs[i, k] - (ONE if k == label else ZERO)) * scale


def softmax_cross_entropy_backward(dlogits, probs, labels):
    """Write the gradient of the mean loss over the rows: (softmax - one-hot) / B; dlogits may be probs.

    dlogits (B, K), probs (B, K), labels (B,) int64
    """
    launch_rows(_backward, probs.shape[0], dlogits, probs, labels, np.float32(1 / probs.shape[0]))
