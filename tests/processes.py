"""Run Python in a process of its own: settings of Numba are read once, and a crash must not end the tests."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np


def probe(folder, *parts, **environment):
    """Return by name what the parts of `probe.py` compute under these settings."""
    file = folder / "probe.npz"
    done = subprocess.run(
        [sys.executable, "-W", "error", Path(__file__).with_name("probe.py"), file, *parts],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, "\n".join(
        [f"ended with {done.returncode}", *done.stdout.splitlines()[-1:], done.stderr]
    )
    with np.load(file) as arrays:
        return dict(arrays)
