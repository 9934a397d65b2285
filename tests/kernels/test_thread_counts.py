"""Threads: the bits of results depend neither on the number of threads nor on the threading layer."""

import sys

import numba
import pytest
from processes import probe

PARTS = "masks", "products", "steps", "training"
LAYERS = ["omp", "workqueue", "tbb"]

pytestmark = pytest.mark.jit_only


def on_threads(folder, number, *parts, layer="default"):
    try:
        return probe(folder, *parts, NUMBA_NUM_THREADS=str(number), NUMBA_THREADING_LAYER=layer)
    except AssertionError as error:
        if "No threading layer could be loaded" in str(error):
            pytest.skip(f"Numba has no {layer} layer here")
        raise


def same(results, others):
    assert results.keys() == others.keys()
    different = [name for name in results if results[name].tobytes() != others[name].tobytes()]
    assert not different


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    """Return the results of one thread."""
    return on_threads(tmp_path_factory.mktemp("serial"), 1, *PARTS)


@pytest.fixture(scope="module")
def long_serial(tmp_path_factory):
    """Return the results of one thread in longer training."""
    return on_threads(tmp_path_factory.mktemp("serial"), 1, "more_training")


def test_three_threads(serial, tmp_path):
    same(serial, on_threads(tmp_path, 3, *PARTS))


@pytest.mark.full
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("number", [1, 2, 3, 5, 8, 64])
def test_thread_counts_and_layers(number, layer, serial, long_serial, tmp_path):
    same(serial | long_serial, on_threads(tmp_path, number, *PARTS, "more_training", layer=layer))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is protected in Linux's way")
@pytest.mark.parametrize("number", [numba.config.NUMBA_DEFAULT_NUM_THREADS, pytest.param(7, marks=pytest.mark.full)])
def test_fenced_arrays(number, tmp_path):
    """All operands and results are next to protected memory, at both of its ends."""
    assert on_threads(tmp_path, number, "fences") == {}
