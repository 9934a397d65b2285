"""The number of threads for estimators in workers of joblib."""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
from collections.abc import Iterator

import numba
from joblib.parallel import get_active_backend

from ..core.threads import begin_thread

__all__ = ["limit_threads"]


@contextlib.contextmanager
def limit_threads() -> Iterator[None]:
    """Limit the kernels to one thread in a worker of joblib's `threading` or `multiprocessing` backend.

    The default backend, loky, sets each worker's share of the cores in the environment, and Numba reads it there.
    """
    backend, _ = get_active_backend()
    in_thread = threading.current_thread() is not threading.main_thread()
    if not backend.nesting_level or not (in_thread or multiprocessing.current_process().daemon):
        yield
        return
    begin_thread()
    before = numba.get_num_threads()  # the number for this Python thread
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(before)
