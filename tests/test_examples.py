"""The programs of docs/examples: each prints True for all its checks."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "docs" / "examples").glob("*.py"))
SLOW = ("custom_loss", "self_normalizing", "subnetwork", "uncertainty_band")
NEEDS = {
    "from_torch": "torch",
    "grid_search": "sklearn",
    "pytorch_on_the_cpu": "torch",
    "transformer_in_torch": "torch",
}


@pytest.mark.jit_only
@pytest.mark.parametrize(
    "file",
    [pytest.param(file, marks=pytest.mark.full if file.stem in SLOW else (), id=file.stem) for file in EXAMPLES],
)
def test_examples(file):
    library = NEEDS.get(file.stem)
    if library and importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    process = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    results = [line.rpartition(" ")[2] for line in process.stdout.splitlines()]
    assert len(results) > 1
    assert set(results) == {"True"}
