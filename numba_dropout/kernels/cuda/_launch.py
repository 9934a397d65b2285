"""Launching a kernel: on how many threads, and on which stream."""

import contextlib
import functools
import threading
import warnings

from numba.core import config

__all__ = [
    "ROW",
    "THREADS",
    "aligned",
    "current_precision",
    "current_stream",
    "launch",
    "launch_blocks",
    "launch_rows",
    "launch_table",
    "on_stream",
    "products_in",
    "size_of_grid",
]

THREADS = 256  # of a block, where each thread has an item of its own
MOST_ROWS = 65535  # of blocks in a grid
ROW = 32  # of a block that works on a row: a warp, which has little to wait for in itself

_current = threading.local()


def current_stream():
    """Return the stream that this Python thread launches kernels on."""
    return getattr(_current, "stream", 0)


def current_precision():
    """Return the precision of the factors of this Python thread's products: float32, tf32 or bf16."""
    return getattr(_current, "precision", "float32")


@contextlib.contextmanager
def products_in(precision):
    """Let this Python thread's products round their factors to "tf32" or "bf16" and run on tensor cores.

    "float32" rounds nothing. Sums are float32 in any case. Tensor cores need compute capability 8.0.
    """
    before = current_precision()
    _current.precision = precision
    try:
        yield
    finally:
        _current.precision = before


@contextlib.contextmanager
def on_stream(stream):
    """Let this Python thread launch kernels on a stream, a `numba.cuda` one or 0, the default stream."""
    before = current_stream()
    _current.stream = stream
    try:
        yield
    finally:
        _current.stream = before


def size_of_grid(items, block):
    """Return how many blocks so many items need."""
    return (items + block - 1) // block


def _configured(kernel, blocks, threads, stream):
    """Return a kernel with its grid: a small one is what a small array needs, and no reason for Numba to warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kernel[blocks, threads, stream]


if not config.ENABLE_CUDASIM:  # whose kernels remember their last grid themselves
    _configured = functools.lru_cache(4096)(_configured)


def launch_blocks(kernel, blocks, threads, *arguments):
    """Run a kernel on a grid of blocks, each a number or a tuple of them."""
    _configured(kernel, blocks, threads, current_stream())(*arguments)


def launch(kernel, size, *arguments):
    """Run a kernel with a thread for each of so many items, and some more."""
    if size:
        launch_blocks(kernel, size_of_grid(size, THREADS), THREADS, *arguments)


def launch_rows(kernel, rows, *arguments):
    """Run a kernel with a block of `ROW` threads for each of so many rows."""
    if rows:
        launch_blocks(kernel, rows, ROW, *arguments)


def launch_table(kernel, rows, columns, *arguments):
    """Run a kernel with a thread for each place of a table; its first argument is the first row of a part of it."""
    if rows and columns:
        across = min(1 << (columns - 1).bit_length(), THREADS)
        down = THREADS // across
        for first in range(0, rows, MOST_ROWS * down):
            blocks = size_of_grid(columns, across), min(size_of_grid(rows - first, down), MOST_ROWS)
            launch_blocks(kernel, blocks, (across, down), first, *arguments)


def aligned(*arrays):
    """Tell whether all arrays begin at an address that 16 bytes, the widest access, divide."""
    interfaces = [getattr(array, "__cuda_array_interface__", None) or array.__array_interface__ for array in arrays]
    return all(interface["data"][0] % 16 == 0 for interface in interfaces)
