"""The programs of docs/examples: each prints True for all its checks."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "docs" / "examples").glob("*.py"))
NEEDS = {"pytorch_on_the_cpu": "torch", "from_torch": "torch", "grid_search": "sklearn"}


@pytest.mark.jit_only
@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_examples(file):
    needed = NEEDS.get(file.stem)
    if needed and importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed")
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = [line.rpartition(" ")[2] for line in done.stdout.splitlines()]
    assert len(said) > 1
    assert set(said) == {"True"}
