"""A worker's process ends with its input."""

import json
import subprocess
import sys

import pytest


@pytest.mark.jit_only
def test_end_of_input():
    command = [sys.executable, "-m", "numba_dropout_bench.worker_main", "numpy", "1", "float32", "cpu"]
    process = subprocess.run(command, input="", capture_output=True, text=True, check=True, timeout=60)
    assert "numpy" in json.loads(process.stdout)["result"]
