"""Measure what a user waits for before anything is computed: whole processes, in turns, wall-clock seconds.

    python bench/startup.py [--rounds 5] [--json bench/results/startup.json]

Cold is a first run, with nothing compiled; warm is every later one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numba
import numpy as np
from llvmlite import binding

NDROP = str(Path(sys.executable).with_name("ndrop"))
COMMANDS = {
    "python": [sys.executable, "-c", "pass"],
    "import numba": [sys.executable, "-c", "import numba"],
    "import numba_dropout": [sys.executable, "-c", "import numba_dropout"],
    "ndrop --help": [NDROP, "--help"],
    "ndrop train, warm": [NDROP, "train"],
}


def seconds(command: list[str], cache: str) -> float:
    """Run a command in an empty folder and return how long it took; a failure ends the measurement."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run(
            command, cwd=folder, env={**os.environ, "NUMBA_CACHE_DIR": cache}, check=True, capture_output=True
        )
        return time.perf_counter() - start


def measure(rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each command, measured in turns."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    times["ndrop train, cold"] = []
    with tempfile.TemporaryDirectory() as cache:
        for _ in range(2):  # the second round fills what the first left cold in the file system
            for command in COMMANDS.values():
                seconds(command, cache)
        for _ in range(rounds):
            for name, command in COMMANDS.items():
                times[name].append(seconds(command, cache))
            with tempfile.TemporaryDirectory() as empty:
                times["ndrop train, cold"].append(seconds(COMMANDS["ndrop train, warm"], empty))
    return times


def main() -> None:
    """Measure, print a table and write the JSON that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="times that each command runs (default: 5)")
    parser.add_argument("--json", metavar="FILE", help="where to write the figures (default: nowhere)")
    arguments = parser.parse_args()
    times = measure(arguments.rounds)
    numba_alone = statistics.median(times["import numba"])
    print(f"{'seconds':<22} {'median':>8} {'least':>8} {'most':>8}  of import numba")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:<22} {median:8.3f} {min(values):8.3f} {max(values):8.3f}  {median / numba_alone:14.2f}")
    if arguments.json:
        machine = {
            "cpu": binding.get_host_cpu_name(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
        }
        Path(arguments.json).parent.mkdir(parents=True, exist_ok=True)
        Path(arguments.json).write_text(json.dumps({"machine": machine, "seconds": times}, indent=1) + "\n")


if __name__ == "__main__":
    main()
