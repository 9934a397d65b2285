"""Host arrays of other libraries, by DLPack and `__array_interface__`."""

import numpy as np
import pytest

import numba_dropout as nd


class DLPackArray:
    """An array with only DLPack."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class StandardArray(DLPackArray):
    """An array of a library with the namespace of the array API standard."""

    def __array__(self, dtype=None, copy=None):
        return self.array

    def __array_namespace__(self, api_version=None):
        return type("Namespace", (), {"from_dlpack": staticmethod(StandardArray)})


class InterfaceArray:
    """An array with only `__array_interface__`, with changes to it."""

    def __init__(self, **interface):
        self.memory = np.ones(4, np.float32)
        self.__array_interface__ = self.memory.__array_interface__ | interface


def test_dlpack_arrays(rng):
    x, mask = rng.standard_normal((3, 4)), rng.random((3, 4)) < 0.5
    array = DLPackArray(x)
    y = nd.dropout(array, 0.5, seed=1)
    assert np.array_equal(y, nd.dropout(x, 0.5, seed=1))
    rates = rng.random(4)
    assert np.array_equal(nd.dropout(array, DLPackArray(rates), seed=1), nd.dropout(x, rates, seed=1))
    net = nd.MLP([4, 10, 3])
    assert np.array_equal(net.predict(array), net.predict(x))
    assert np.array_equal(nd.dropout(array, 0.5, mask=DLPackArray(mask)), nd.dropout(x, 0.5, mask=mask))
    with pytest.raises(TypeError, match=r"x: expected an array of float32, .* or bfloat16, got int64"):
        nd.dropout(DLPackArray(np.arange(3)), 0.5, seed=1)


def test_alignment_of_results(rng):
    """Results start at a cache line, so that JAX does not copy them."""
    for n in (8, 1000, 100_000):
        y = nd.dropout(StandardArray(rng.standard_normal(n)), 0.5, seed=1)
        assert y.array.ctypes.data % 64 == 0


def test_results_of_the_same_library(rng):
    x, weight = rng.standard_normal((3, 4)), rng.standard_normal((2, 4))
    array = StandardArray(x)
    calls = {
        "dropout": (nd.dropout, 0.5),
        "rate 0": (nd.dropout, 0.0),
        "rate 1": (nd.dropout, 1.0),
        "rates": (nd.dropout, [0.1, 0.2, 0.3, 0.4]),
        "noise": (nd.gaussian_dropout, 0.5),
    }
    for name, (function, p) in calls.items():
        y = function(array, p, seed=1)
        assert type(y) is StandardArray, name
        assert np.array_equal(y.array, function(x, p, seed=1))
        out = StandardArray(np.empty((3, 4)))
        assert function(array, p, seed=1, out=out) is out
        assert np.array_equal(out.array, y.array)
    y = nd.linear(array, StandardArray(weight))
    assert np.array_equal(y.array, nd.linear(x, weight))
    mask = StandardArray(np.empty((3, 4), bool))
    assert nd.sample_mask((3, 4), 0.5, seed=1, out=mask) is mask
    assert np.array_equal(nd.dropout(array, 0.5, mask=mask).array, nd.dropout(x, 0.5, seed=1))
    with pytest.raises(ValueError, match=r"out: expected shape \(3, 4\)"):
        nd.dropout(array, 0.5, seed=1, out=StandardArray(np.empty(3)))


@pytest.mark.parametrize(
    ("interface", "message"),
    [
        ({"data": (0, False)}, "data is NULL|cannot coerce"),
        ({"shape": (-4,)}, "negative dimensions"),
        ({"shape": (2**62,)}, "too big"),
    ],
)
def test_invalid_interfaces(interface, message):
    with pytest.raises(ValueError, match=message):
        nd.dropout(InterfaceArray(**interface), seed=1)


def test_expanded_output():
    with pytest.raises(ValueError, match="out: expected an array whose elements do not share memory"):
        nd.dropout(InterfaceArray(), seed=1, out=InterfaceArray(strides=(0,)))
