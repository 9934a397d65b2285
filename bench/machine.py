"""The machine that is measured, and what runs on it."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

from llvmlite import binding

from numba_dropout.arrays import devices
from numba_dropout.core.threads import cores
from numba_dropout.experiments import environment

__all__ = ["describe", "processors", "versions"]

CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
INFO = Path("/proc/cpuinfo")


def processors() -> int:
    """Return how many processors this process may use, by its affinity and its control group."""
    return cores()


def describe(device: str = "cpu") -> dict[str, Any]:
    """Return what a figure depends on, as far as the system tells."""
    cuda = {} if device == "cpu" else {"cuda": devices.describe()}
    return {
        **cuda,
        "cpu": _model() or platform.processor() or platform.machine(),
        "microarchitecture": binding.get_host_cpu_name(),
        "cores": processors(),
        "caches": _caches(),
        "memory_gib": _memory(),
        "instruction_set": environment.describe()["instruction set"],
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Return the version of Python; those of libraries come from the processes that measure them."""
    return {"python": platform.python_version()}


def _model() -> str | None:
    try:
        lines = INFO.read_text().splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)


def _caches() -> dict[str, str]:
    """Return the size of each cache that holds data, by level, as one processor sees it."""
    found = {}
    for folder in sorted(CACHES.glob("index*")):
        try:
            level, kind, size = ((folder / name).read_text().strip() for name in ("level", "type", "size"))
        except OSError:
            continue
        if kind != "Instruction":
            found[f"L{level}"] = size
    return found


def _memory() -> int | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (AttributeError, ValueError, OSError):
        return None
