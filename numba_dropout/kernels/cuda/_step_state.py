"""State of consecutive training steps in device memory, so that each step makes the same launches."""

import numpy as np
from numba import cuda

from ...core.jit import device_kernel
from ._launch import launch, launch_grid

__all__ = ["begin_step", "end_step"]


@device_kernel
def _begin(batch, step, hyperparameters, position, rows, all_hyperparameters, batch_size):
    """Write the inputs of a step: a row of the batch and a hyperparameter per thread."""
    i = cuda.grid(1)
    s = position[0]
    if i < batch.size:
        batch[i] = rows[s * batch_size + i]
    if i < hyperparameters.size:
        hyperparameters[i] = all_hyperparameters[s, i]
    if i == 0:
        step[0] = np.uint64(position[1] + s)


def begin_step(batch, step, hyperparameters, position, rows, all_hyperparameters, batch_size):
    """Write the batch's rows, the counter and the hyperparameters of the step at `position`.

    batch (B,) int64, step (1,) uint64, hyperparameters (K,), position (2,) int64: the number of finished steps and the
    counter of the first step, rows (N,) int64, all_hyperparameters (S, K)
    """
    launch(
        _begin,
        max(batch.size, hyperparameters.size),
        batch,
        step,
        hyperparameters,
        position,
        rows,
        all_hyperparameters,
        batch_size,
    )


@device_kernel
def _end(all_sums, sums, position):
    """Store the sums of a step and count it, with one thread."""
    s = position[0]
    all_sums[s, 0] = sums[0]
    all_sums[s, 1] = sums[1]
    position[0] = s + 1


def end_step(all_sums, sums, position):
    """Store the step's sums and advance `position` to the next step.

    all_sums (S, 2) float64, sums (2,) float64, position (2,) int64
    """
    launch_grid(_end, 1, 1, all_sums, sums, position)
