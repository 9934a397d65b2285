"""Launching a kernel: how many threads, on which stream."""

__all__ = ["ROW", "THREADS", "aligned", "launch", "launch_rows"]

THREADS = 256  # of a block, where each thread has an item of its own
ROW = 128  # of a block that works on a row


def launch(kernel, size, *arguments):
    """Run a kernel with a thread for each of so many items, and some more."""
    if size:
        kernel[(size + THREADS - 1) // THREADS, THREADS](*arguments)


def launch_rows(kernel, rows, *arguments):
    """Run a kernel with a block of `ROW` threads for each of so many rows."""
    if rows:
        kernel[rows, ROW](*arguments)


def aligned(*arrays):
    """Tell whether all arrays begin at an address that 16 bytes, the widest access, divide."""
    interfaces = [getattr(array, "__cuda_array_interface__", None) or array.__array_interface__ for array in arrays]
    return all(interface["data"][0] % 16 == 0 for interface in interfaces)
