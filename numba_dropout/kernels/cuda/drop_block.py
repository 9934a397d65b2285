"""DropBlock: masks of dropped squares, and a scale for each sample."""

import numpy as np
from numba import cuda, int64

from ...core.jit import device_kernel
from ._launch import ROW_THREADS, launch_2d, launch_rows
from .reductions import tree_sum


@device_kernel
def _grow(first, mask, seeds, planes, height, width, block_size):
    """Write the mask, with one thread per column of a plane."""
    column, plane = cuda.grid(2)
    plane += first
    rows, columns = height - block_size + 1, width - block_size + 1
    if column < width and plane < planes:
        for row in range(height):
            kept = True
            for i in range(max(row - block_size + 1, 0), min(row + 1, rows)):
                for j in range(max(column - block_size + 1, 0), min(column + 1, columns)):
                    kept &= seeds[(plane * rows + i) * columns + j]
            mask[(plane * height + row) * width + column] = kept


@device_kernel
def _count(scales, mask, size):
    """Write a sample's scale from the count of its kept elements, with one thread block."""
    sample, thread = cuda.blockIdx.x, cuda.threadIdx.x
    counts = cuda.shared.array(ROW_THREADS, int64)
    count = 0
    for j in range(sample * size + thread, (sample + 1) * size, ROW_THREADS):
        count += mask[j]
    counts[thread] = count
    kept = tree_sum(counts, thread)
    scales[sample] = np.float64(size) / np.float64(kept) if kept else 0


def block_mask(mask, scales, seeds, height, width, block):
    """Write False in the squares that begin where a seed is False, and each sample's scale, 1 / its kept fraction or 0.

    mask (N * C * height * width,) bool, scales (N,), seeds (N * C * (height - block + 1) * (width - block + 1),) bool
    """
    planes = mask.size // (height * width)
    launch_2d(_grow, planes, width, mask, seeds, planes, height, width, block)
    launch_rows(_count, scales.size, scales, mask, mask.size // scales.size)
