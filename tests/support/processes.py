"""Run Python in a separate process: Numba reads its settings once, and a crash must not end the tests."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np


def run(code, cwd=None, **environment):
    """Run Python in a separate process and return its output. A warning is an error."""
    return finished([sys.executable, "-W", "error", "-c", code], cwd, **environment).stdout.strip()


def finished(command, cwd=None, **environment):
    """Run a command to its end, in an environment with some changes (None removes a variable); return the process."""
    changed = {name: value for name, value in {**os.environ, **environment}.items() if value is not None}
    process = subprocess.run(command, env=changed, cwd=cwd, capture_output=True, text=True, check=False)
    assert process.returncode == 0, f"ended with {process.returncode}\n{process.stdout}\n{process.stderr}"
    return process


def probe(folder, *parts, **environment):
    """Return the results of parts of `probe.py` under these settings, by name."""
    file = folder / "probe.npz"
    process = subprocess.run(
        [sys.executable, "-W", "error", Path(__file__).with_name("probe.py"), file, *parts],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, "\n".join(
        [f"ended with {process.returncode}", *process.stdout.splitlines()[-1:], process.stderr]
    )
    with np.load(file) as arrays:
        return dict(arrays)
