"""The environment: versions, instruction set, threads, and the state of CUDA."""

from __future__ import annotations

import platform
import shlex
import sys
from typing import Any

import numba
import numpy as np
from llvmlite import binding
from numba.core import config

from ..arrays import devices
from ..core import disk_cache
from ..core._version import __version__
from ..core.checks import integer
from ..core.threads import begin_thread, choose, waiting

__all__ = ["describe", "provenance", "set_threads", "threads"]

VECTORS = ("avx512f", "avx2", "avx", "sse2", "sve", "neon")  # widest first


def set_threads(threads: int) -> None:
    """Set the number of threads of the kernels, from 1 to the number that Numba started with."""
    choose(integer(threads, "threads", 1, config.NUMBA_NUM_THREADS))


def threads() -> int:
    """Return the number of threads of the kernels."""
    begin_thread()
    return int(numba.get_num_threads())


def provenance(seed: int, program: str = "ndrop") -> dict[str, Any]:
    """Return the provenance of results for JSON: command with arguments, seed, version and machine."""
    about = describe()
    names = ("python", "numba", "numpy", "cpu", "instruction set", "threads")
    command = " ".join([program, *map(shlex.quote, sys.argv[1:])])
    machine = {name: about[name] for name in names}
    return {"command": command, "seed": seed, "version": about["numba-dropout"], "machine": machine}


def describe() -> dict[str, str]:
    """Return names and descriptions, in the order of `ndrop info`."""
    used, layer = threads(), "none: NUMBA_DISABLE_JIT is set" if config.DISABLE_JIT else numba.threading_layer()
    return {
        "numba-dropout": __version__,
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "numba": numba.__version__,
        "numpy": np.__version__,
        "cpu": binding.get_host_cpu_name(),
        "instruction set": _instruction_set(),
        "threads": f"{used} of {config.NUMBA_NUM_THREADS}",
        "threading layer": f"{layer} ({waiting})" if layer == "omp" else layer,
        "compiled code": disk_cache.describe(),
        "cuda": devices.describe(),
    }


def _instruction_set() -> str:
    """Return the vector instruction sets in Numba's settings, widest first, or else those of the host."""
    features = config.CPU_FEATURES
    if features is None:
        present = {name for name, available in binding.get_host_cpu_features().items() if available}
    else:
        present = {name[1:] for name in features.split(",") if name.startswith("+")}
    return ", ".join(name for name in VECTORS if name in present) or "scalar"
