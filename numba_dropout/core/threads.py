"""Threads of the kernels: how many there are unless the user says, and how they wait for work.

Imported before Numba loads OpenMP, whose settings are read once.
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

# Turns of an OpenMP thread that waits for work, until it sleeps: about 50 us on Zen 4. GNU's library takes 300,000, and
# where another process needs the core, each parallel region then lasts until the system takes it from the thread that
# waits. With 0 ("passive") each region wakes a thread, which takes as long as dropout of 2^17 elements.
SPINS = 3000
_WAITS = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


def _load_openmp() -> str:
    """Load Numba's OpenMP layer, with a short wait unless the environment has one; return what holds, for people."""
    chosen = [f"{name}={os.environ[name]}" for name in _WAITS if name in os.environ]
    if chosen or config.DISABLE_JIT:
        return ", ".join(chosen) or "no threads"
    os.environ["GOMP_SPINCOUNT"] = str(SPINS)
    try:
        with contextlib.suppress(ImportError):  # no OpenMP here: Numba has other layers
            importlib.import_module("numba.np.ufunc.omppool")
    finally:
        del os.environ["GOMP_SPINCOUNT"]  # for this library alone, not for other libraries and processes
    return f"GOMP_SPINCOUNT={SPINS}"


waiting = _load_openmp()


# ---------------------------------------------------------------- how many


@functools.cache
def cores(root: Path = Path("/")) -> int:
    """Return how many processor cores this process may use: by its affinity, and by the quota of its control group.

    A quota of 1.5 cores counts as 2.
    """
    present = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(present, _quota(root))))


def _quota(root: Path) -> float:
    """Return the cores that the control groups of this process allow, the tightest of them; infinity without a quota.

    Version 2 of control groups has `cpu.max`, version 1 `cpu.cfs_quota_us`; both in a folder for each group, below the
    folders of the groups that it belongs to. A container may see its own folder at the top only.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux
        return math.inf
    found = math.inf
    mounts = root / "sys/fs/cgroup"
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            tops = [mounts, mounts / "unified"]
        elif "cpu" in controllers.split(","):
            tops = [mounts / controllers, mounts / "cpu"]
        else:
            continue
        group = Path(path.lstrip("/"))
        for top in tops:
            for folder in (group, *group.parents):
                found = min(found, _quota_of(top / folder))
    return found


def _quota_of(folder: Path) -> float:
    """Return the cores that the files of one control group allow."""
    with contextlib.suppress(OSError, ValueError):
        allowed, period = (folder / "cpu.max").read_text().split()
        return math.inf if allowed == "max" else int(allowed) / int(period)
    with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        return math.inf if quota <= 0 else quota / int((folder / "cpu.cfs_period_us").read_text())
    return math.inf


_of_this = threading.local()


def choose(threads: int) -> None:
    """Let kernels that this Python thread calls use so many threads."""
    _of_this.settled = True
    numba.set_num_threads(threads)


def limited() -> bool:
    """Return whether there are fewer cores than Numba has threads, and the user has not chosen NUMBA_NUM_THREADS.

    Numba itself counts the cores of the affinity, not of a quota.
    """
    return "NUMBA_NUM_THREADS" not in os.environ and cores() < config.NUMBA_NUM_THREADS


def begin_thread() -> None:
    """Bound the threads of kernels that this Python thread calls by the cores, once.

    Not where the user has chosen, by NUMBA_NUM_THREADS or `numba.set_num_threads`.
    """
    if not hasattr(_of_this, "settled"):
        _of_this.settled = True
        if limited() and numba.get_num_threads() == config.NUMBA_NUM_THREADS:
            numba.set_num_threads(cores())
