"""Checks of arrays on a CUDA device."""

import numpy as np
import pytest
from numba import cuda
from numba.core import config

import numba_dropout as nd
from numba_dropout.arrays import devices

if not config.ENABLE_CUDASIM and devices.why_not() is not None:
    pytest.skip("needs NUMBA_ENABLE_CUDASIM=1, or a device", allow_module_level=True)

from foreign_arrays import Foreign, accept_addresses

pytestmark = pytest.mark.cuda_device

F32 = np.float32


@pytest.fixture(autouse=True)
def addresses(monkeypatch):
    accept_addresses(monkeypatch)


def on_device(shape, dtype=F32):
    return cuda.to_device(np.ones(shape, dtype))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda x: nd.dropout(on_device(3, np.int32), seed=1),
            TypeError,
            "x: expected an array of float32, float16 or bfloat16 on a CUDA device",
        ),
        (
            lambda x: nd.relu(on_device(3, np.float64)),
            TypeError,
            "x: expected an array of float32, float16 or bfloat16 on a CUDA device, got float64",
        ),
        (
            lambda x: nd.linear(x, np.ones((4, 4), F32)),
            TypeError,
            "weight: expected an array on the device like the first argument, got ndarray",
        ),
        (
            lambda x: nd.linear(np.ones((4, 4), F32), x),
            TypeError,
            "weight: expected an array on the host like the first argument, got one on a CUDA",
        ),
        (lambda x: nd.relu(x[:, 1:]), ValueError, "x: expected a C-contiguous array"),
        (
            lambda x: nd.linear(x, on_device(4)),
            ValueError,
            r"weight: expected 2 dimensions, got shape \(4,\)",
        ),
        (
            lambda x: nd.dropout(x, 0.5, mask=np.ones((4, 4), bool)),
            TypeError,
            "mask: expected an array on the device like the first argument, got ndarray",
        ),
        (
            lambda x: nd.dropout(x, 0.5, mask=x),
            TypeError,
            "mask: expected an array of bool, or of uint8 for bits, got float32",
        ),
    ],
)
def test_invalid_inputs(call, error, message):
    with pytest.raises(error, match=message):
        call(on_device((4, 4)))


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (lambda: on_device((4, 5))[:, 1:], ValueError, "out: expected a C-contiguous array"),
        (lambda: np.ones((4, 4), F32), TypeError, "out: expected an array on the device, got ndarray"),
        (lambda: on_device((4, 4), np.float16), TypeError, "out: expected dtype float32, got float16"),
        (lambda: on_device(4), ValueError, r"out: expected shape \(4, 4\), got \(4,\)"),
        (lambda: Foreign(on_device((4, 4)), read_only=True), ValueError, "out: expected a writable array"),
    ],
)
def test_invalid_outputs(out, error, message):
    with pytest.raises(error, match=message):
        nd.relu(on_device((4, 4)), out=out())


def test_overlapping_outputs():
    with pytest.raises(ValueError, match="out: expected an array whose elements do not share memory"):
        nd.relu(on_device(4), out=Foreign(on_device(4), strides=(0,)))
    x = on_device((4, 4))
    with pytest.raises(ValueError, match="out: expected separate memory"):
        nd.linear(x, on_device((4, 4)), out=x)


@pytest.mark.parametrize(
    ("interface", "message"),
    [
        ({"data": (0, False)}, r"got a null pointer as the address of an array of shape \(4,\)"),
        ({"data": (4098, False)}, "aligned to 4 bytes, got address 0x1002"),
        ({"shape": (-4,)}, "expected a length and a stride for each dimension"),
        ({"strides": (16, 4)}, "expected a length and a stride for each dimension"),
        ({"typestr": ">f4"}, "expected native byte order, got >f4"),
        ({"mask": np.ones(4)}, "expected an array without a mask"),
    ],
)
def test_invalid_interfaces(interface, message):
    with pytest.raises(ValueError, match=f"x: .*{message}"):
        nd.relu(Foreign(on_device(4), **interface))
    with pytest.raises(ValueError, match=f"out: .*{message}"):
        nd.relu(on_device(4), out=Foreign(on_device(4), **interface))


@pytest.mark.parametrize(
    ("strides", "message"), [((6,), "aligned to 4 bytes"), ((0,), "expected a C-contiguous array")]
)
def test_invalid_strides(strides, message):
    with pytest.raises(ValueError, match=f"x: .*{message}"):
        nd.relu(Foreign(on_device(4), strides=strides))
