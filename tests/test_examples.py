"""The programs of docs/examples: each says True of all that it checks."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import numba_dropout as nd

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


class Borrowed:
    """An array of a library that has DLPack and the array API's namespace, and is none of NumPy's."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()

    def __array_namespace__(self, api_version=None):
        return type("Namespace", (), {"from_dlpack": staticmethod(Borrowed)})


class ByDlpackAlone:
    """An array that gives its memory by DLPack, and by nothing else."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_arrays_that_have_dlpack_alone(rng):
    x, mask = rng.standard_normal((3, 4)), rng.random((3, 4)) < 0.5
    given = ByDlpackAlone(x)
    y = nd.dropout(given, 0.5, seed=1)
    assert np.array_equal(y, nd.dropout(x, 0.5, seed=1))
    rates = rng.random(4)
    assert np.array_equal(nd.dropout(given, ByDlpackAlone(rates), seed=1), nd.dropout(x, rates, seed=1))
    net = nd.MLP([4, 10, 3])
    assert np.array_equal(net.predict(given), net.predict(x))
    assert np.array_equal(nd.dropout(given, 0.5, mask=ByDlpackAlone(mask)), nd.dropout(x, 0.5, mask=mask))
    with pytest.raises(TypeError, match="x: expected an array of float32 or float64, got int64"):
        nd.dropout(ByDlpackAlone(np.arange(3)), 0.5, seed=1)


def test_results_of_other_libraries_begin_a_cache_line(rng):
    """What JAX takes over without a copy."""
    for n in (8, 1000, 100_000):
        y = nd.dropout(Borrowed(rng.standard_normal(n)), 0.5, seed=1)
        assert y.array.ctypes.data % 64 == 0


def test_arrays_of_other_libraries_come_and_go(rng):
    x, weight = rng.standard_normal((3, 4)), rng.standard_normal((2, 4))
    given = Borrowed(x)
    calls = {
        "dropout": (nd.dropout, 0.5),
        "nothing": (nd.dropout, 0.0),
        "all": (nd.dropout, 1.0),
        "rates": (nd.dropout, [0.1, 0.2, 0.3, 0.4]),
        "noise": (nd.gaussian_dropout, 0.5),
    }
    for name, (function, p) in calls.items():
        y = function(given, p, seed=1)
        assert type(y) is Borrowed, name
        assert np.array_equal(y.array, function(x, p, seed=1))
        out = Borrowed(np.empty((3, 4)))
        assert function(given, p, seed=1, out=out) is out
        assert np.array_equal(out.array, y.array)
    y = nd.linear(given, Borrowed(weight))
    assert np.array_equal(y.array, nd.linear(x, weight))
    mask = Borrowed(np.empty((3, 4), bool))
    assert nd.sample_mask((3, 4), 0.5, seed=1, out=mask) is mask
    assert np.array_equal(nd.dropout(given, 0.5, mask=mask).array, nd.dropout(x, 0.5, seed=1))
    with pytest.raises(ValueError, match=r"out: expected shape \(3, 4\)"):
        nd.dropout(given, 0.5, seed=1, out=Borrowed(np.empty(3)))
