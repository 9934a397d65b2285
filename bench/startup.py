"""The group `startup`: the start-up time of whole processes.

Cold is the first run, without compiled code. Warm is any later run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from .rounds import OnProgress, aggregate
from .worker_pool import SETTINGS, missing

__all__ = ["MOST_ROUNDS", "measure"]

MOST_ROUNDS = 5  # a cold run takes many seconds
NDROP = [sys.executable, "-c", "from numba_dropout_cli.main import cli; cli(prog_name='ndrop')"]
COLD = "ndrop train, the first time"
COMMANDS = {
    "ndrop --help": [*NDROP, "--help"],
    "import numba_dropout": [sys.executable, "-c", "import numba_dropout"],
    "ndrop train, later": [*NDROP, "train"],
    COLD: [*NDROP, "train"],
}
IMPORTS = {
    "numpy": "numpy",
    "torch": "torch",
    "jax": "jax",
    "tensorflow": "tensorflow",
    "sklearn": "sklearn.neural_network",
}


def measure(peers: Sequence[str], rounds: int, on_progress: OnProgress) -> list[dict[str, Any]]:
    """Return one case with commands as contestants: ours, and imports of other libraries."""
    commands = {**COMMANDS, "import numba": [sys.executable, "-c", "import numba"]}
    for name in peers:
        if missing(name) is None:
            commands[f"import {IMPORTS[name]}"] = [sys.executable, "-c", f"import {IMPORTS[name]}"]
    roles = {name: "own" if name in COMMANDS else "aside" for name in commands}
    figures: dict[str, list[float]] = {name: [] for name in commands}
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as cache:
        on_progress(0, "preparing the start-up")
        for name, command in commands.items():
            try:
                _seconds(command, cache)  # compiles, and fills the file system's cache
            except subprocess.CalledProcessError as error:
                failed[name] = (error.stderr.decode(errors="replace").strip().splitlines() or ["it failed"])[-1][:200]
        for _ in range(rounds):
            for name, command in commands.items():
                if name not in failed:
                    on_progress(0, name)
                    figures[name].append(_cold(command) if name == COLD else _seconds(command, cache))
            on_progress(1, "")
    measured = {name: values for name, values in figures.items() if values}
    case = {"group": "startup", "kind": "startup", "title": "whole processes", "size": "", "unit": "s", "work": 1.0}
    return [{**case, **aggregate(measured, roles), "failed": failed}]


def _cold(command: list[str]) -> float:
    with tempfile.TemporaryDirectory() as empty:
        return _seconds(command, empty)


def _seconds(command: list[str], cache: str) -> float:
    """Run a command in an empty folder and return its seconds."""
    environment = {**os.environ, **SETTINGS, "NUMBA_CACHE_DIR": cache}
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        return time.perf_counter() - start
