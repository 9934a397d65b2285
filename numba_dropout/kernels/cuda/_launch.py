"""Kernel launches: grid sizes, streams and precision."""

import contextlib
import functools
import threading
import warnings

from numba.core import config

__all__ = [
    "ROW_THREADS",
    "THREADS",
    "aligned",
    "current_precision",
    "current_stream",
    "grid_size",
    "launch",
    "launch_2d",
    "launch_grid",
    "launch_rows",
    "on_stream",
    "products_in",
]

THREADS = 256  # threads of a thread block, one per item
MAX_GRID_Y = 65535  # largest number of thread blocks in the second dimension of a grid
ROW_THREADS = 32  # threads of a thread block for one row: a single warp synchronizes at little cost

_current = threading.local()


def current_stream():
    """Return the stream that this Python thread launches kernels on."""
    return getattr(_current, "stream", 0)


def current_precision():
    """Return the precision of the factors in this Python thread's matrix products: float32, tf32 or bf16."""
    return getattr(_current, "precision", "float32")


@contextlib.contextmanager
def products_in(precision):
    """Round the factors of this Python thread's matrix products to "tf32" or "bf16", in a `with` block.

    The products run on tensor cores, which need compute capability 8.0. "float32" rounds nothing. Sums are always
    float32.
    """
    before = current_precision()
    _current.precision = precision
    try:
        yield
    finally:
        _current.precision = before


@contextlib.contextmanager
def on_stream(stream):
    """Launch this Python thread's kernels on a `numba.cuda` stream (0 is the default one), in a `with` block."""
    before = current_stream()
    _current.stream = stream
    try:
        yield
    finally:
        _current.stream = before


def grid_size(items, per_block):
    """Return the number of thread blocks for a number of items."""
    return (items + per_block - 1) // per_block


def _configure(kernel, grid, threads, stream):
    """Return a kernel with its grid, without Numba's warning about small grids, which are right for small arrays."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kernel[grid, threads, stream]


if not config.ENABLE_CUDASIM:  # a kernel of the simulator keeps its last grid itself
    _configure = functools.lru_cache(4096)(_configure)


def launch_grid(kernel, grid, threads, *arguments):
    """Run a kernel on a grid of thread blocks. Both sizes are numbers or tuples of numbers."""
    _configure(kernel, grid, threads, current_stream())(*arguments)


def launch(kernel, size, *arguments):
    """Run a kernel with at least `size` threads, one per item."""
    if size:
        launch_grid(kernel, grid_size(size, THREADS), THREADS, *arguments)


def launch_rows(kernel, rows, *arguments):
    """Run a kernel with one thread block of `ROW_THREADS` threads per row."""
    if rows:
        launch_grid(kernel, rows, ROW_THREADS, *arguments)


def launch_2d(kernel, rows, columns, *arguments):
    """Run a kernel with one thread per element of a table.

    A table with more rows than a grid takes several launches. The kernel's first argument is the first row of a launch.
    """
    if rows and columns:
        across = min(1 << (columns - 1).bit_length(), THREADS)
        down = THREADS // across
        for first in range(0, rows, MAX_GRID_Y * down):
            grid = grid_size(columns, across), min(grid_size(rows - first, down), MAX_GRID_Y)
            launch_grid(kernel, grid, (across, down), first, *arguments)


def aligned(*arrays):
    """Return True if all arrays begin at a multiple of 16 bytes, the size of the widest access."""
    interfaces = [getattr(array, "__cuda_array_interface__", None) or array.__array_interface__ for array in arrays]
    return all(interface["data"][0] % 16 == 0 for interface in interfaces)
