"""Consecutive training steps: what differs between them comes from device memory, so that all are the same launches."""

import numpy as np
from numba import cuda

from ...core.jit import device_kernel
from ._launch import launch, launch_blocks

__all__ = ["begin_step", "end_step"]


@device_kernel
def _begin(batch, step, hyperparameters, position, rows, all_settings, batch_size):
    i = cuda.grid(1)
    s = position[0]
    if i < batch.size:
        batch[i] = rows[s * batch_size + i]
    if i < hyperparameters.size:
        hyperparameters[i] = all_settings[s, i]
    if i == 0:
        step[0] = np.uint64(position[1] + s)


def begin_step(batch, step, hyperparameters, position, rows, all_settings, batch_size):
    """Write the rows of the batch, the counter and the hyperparameters of the step that `position` stands at."""
    # batch (B,) int64, step (1,) uint64, hyperparameters (K,), position (2,) int64: steps that are done, and the
    # counter of the first; rows (N,) int64, all_settings (S, K)
    launch(
        _begin,
        max(batch.size, hyperparameters.size),
        batch,
        step,
        hyperparameters,
        position,
        rows,
        all_settings,
        batch_size,
    )


@device_kernel
def _end(all_totals, totals, position):
    s = position[0]
    all_totals[s, 0] = totals[0]
    all_totals[s, 1] = totals[1]
    position[0] = s + 1


def end_step(all_totals, totals, position):
    """Keep the totals of the step, and go on to the next."""
    # all_totals (S, 2) float64, totals (2,) float64, position (2,) int64
    launch_blocks(_end, 1, 1, all_totals, totals, position)
