"""Threads of the kernels: their default number, and their wait for work.

This module is imported before Numba loads OpenMP, which reads its settings once.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import math
import os
import threading
from pathlib import Path

import numba
from numba.core import config

__all__ = ["begin_thread", "choose", "cores", "limited", "waiting"]

# Spins of a waiting OpenMP thread before it sleeps: about 50 us on Zen 4. GNU's default is 300,000. If another process
# needs the core, each parallel region then lasts until the system preempts the waiting thread. With 0 ("passive") each
# region wakes a thread, which takes as long as dropout of 2^17 elements.
SPINS = 3000
_WAITS = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


def _load_openmp() -> str:
    """Load Numba's OpenMP layer with a short wait, unless the environment sets one. Return the setting as text."""
    chosen = [f"{name}={os.environ[name]}" for name in _WAITS if name in os.environ]
    if chosen or config.DISABLE_JIT:
        return ", ".join(chosen) or "no threads"
    os.environ["GOMP_SPINCOUNT"] = str(SPINS)
    try:
        with contextlib.suppress(ImportError):  # no OpenMP: Numba has other layers
            importlib.import_module("numba.np.ufunc.omppool")
    finally:
        del os.environ["GOMP_SPINCOUNT"]  # only for this library, not for other libraries and processes
    return f"GOMP_SPINCOUNT={SPINS}"


waiting = _load_openmp()


# ---------------------------------------------------------------- the number of threads


@functools.cache
def cores(root: Path = Path("/")) -> int:
    """Return the number of cores that this process may use, from its affinity and the quota of its control group.

    A quota of 1.5 cores counts as 2.
    """
    present = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(present, _quota(root))))


def _quota(root: Path) -> float:
    """Return the smallest quota of the control groups of this process, in cores, or infinity without a quota.

    Control groups version 2 have `cpu.max`, version 1 has `cpu.cfs_quota_us`. Each group has a folder inside the folder
    of its parent group. A container may only see its own folder, at the top.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux
        return math.inf
    quota = math.inf
    mounts = root / "sys/fs/cgroup"
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            roots = [mounts, mounts / "unified"]
        elif "cpu" in controllers.split(","):
            roots = [mounts / controllers, mounts / "cpu"]
        else:
            continue
        group = Path(path.lstrip("/"))
        for top in roots:
            for folder in (group, *group.parents):
                quota = min(quota, _quota_of(top / folder))
    return quota


def _quota_of(folder: Path) -> float:
    """Return the quota in the files of one control group, in cores."""
    with contextlib.suppress(OSError, ValueError):
        allowed, period = (folder / "cpu.max").read_text().split()
        return math.inf if allowed == "max" else int(allowed) / int(period)
    with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        return math.inf if quota <= 0 else quota / int((folder / "cpu.cfs_period_us").read_text())
    return math.inf


_thread_state = threading.local()


def choose(threads: int) -> None:
    """Set the number of threads of kernels that the current Python thread calls."""
    _thread_state.initialized = True
    numba.set_num_threads(threads)


def limited() -> bool:
    """Return whether there are fewer cores than Numba's threads, and the user has not set NUMBA_NUM_THREADS.

    Numba counts the cores of the affinity and ignores quotas.
    """
    return "NUMBA_NUM_THREADS" not in os.environ and cores() < config.NUMBA_NUM_THREADS


def begin_thread() -> None:
    """Limit the threads of kernels that the current Python thread calls to the number of cores, once.

    A number that the user has set with NUMBA_NUM_THREADS or `numba.set_num_threads` is kept.
    """
    if not hasattr(_thread_state, "initialized"):
        _thread_state.initialized = True
        if limited() and numba.get_num_threads() == config.NUMBA_NUM_THREADS:
            numba.set_num_threads(cores())
