"""The check and benchmark of a GPU, in Numba's simulator."""

import json
import sys
from pathlib import Path

import pytest
from numba.core import config
from processes import finished

pytestmark = [
    pytest.mark.full,
    pytest.mark.cuda_kernels,
    pytest.mark.jit_only,
    pytest.mark.skipif(not config.ENABLE_CUDASIM, reason="a GPU runs the check itself"),
]


def test_small_check(tmp_path):
    command = [sys.executable, "bench/cuda_check.py", "--small", "--out", str(tmp_path)]
    finished(command, Path(__file__).parents[2], PYTHONPATH=".")
    record = json.loads((tmp_path / "cuda-simulator.json").read_text())
    assert record["tests"]["passed"]
    assert len(record["dropout"]) == 2
    assert all(len(values) == 7 for case in record["dropout"].values() for values in case.values())
    cases = record["bench"]["groups"]["kernels"]["cases"]
    assert len(cases) == 13
    assert all(case["failed"] == {} for case in cases)
    assert all("numba-dropout" in [entry["name"] for entry in case["contestants"]] for case in cases)
