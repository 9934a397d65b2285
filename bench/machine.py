"""The machine and the versions of a run."""

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
    """Return the number of processors available to this process, from its affinity and control group."""
    return cores()


def describe(device: str = "cpu") -> dict[str, Any]:
    """Return the properties of the machine that results depend on, as far as the system reports them."""
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
    """Return the version of Python. The workers report those of the libraries."""
    return {"python": platform.python_version()}


def _model() -> str | None:
    try:
        lines = INFO.read_text().splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)


def _caches() -> dict[str, str]:
    """Return the size of each level of the data caches of one processor."""
    sizes = {}
    for folder in sorted(CACHES.glob("index*")):
        try:
            level, kind, size = ((folder / name).read_text().strip() for name in ("level", "type", "size"))
        except OSError:
            continue
        if kind != "Instruction":
            sizes[f"L{level}"] = size
    return sizes


def _memory() -> int | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (AttributeError, ValueError, OSError):
        return None
