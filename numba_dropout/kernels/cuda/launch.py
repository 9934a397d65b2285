"""Launching a kernel: on how many threads."""

__all__ = ["ROW", "THREADS", "aligned", "launch", "launch_rows", "size_of_grid"]

THREADS = 256  # of a block, where each thread has an item of its own
ROW = 32  # of a block that works on a row: a warp, which has little to wait for in itself


def size_of_grid(items, block):
    """Return how many blocks so many items need."""
    return (items + block - 1) // block


def launch(kernel, size, *arguments):
    """Run a kernel with a thread for each of so many items, and some more."""
    if size:
        kernel[size_of_grid(size, THREADS), THREADS](*arguments)


def launch_rows(kernel, rows, *arguments):
    """Run a kernel with a block of `ROW` threads for each of so many rows."""
    if rows:
        kernel[rows, ROW](*arguments)


def aligned(*arrays):
    """Tell whether all arrays begin at an address that 16 bytes, the widest access, divide."""
    interfaces = [getattr(array, "__cuda_array_interface__", None) or array.__array_interface__ for array in arrays]
    return all(interface["data"][0] % 16 == 0 for interface in interfaces)
