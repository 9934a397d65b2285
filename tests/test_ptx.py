"""What becomes of the CUDA kernels for real devices: PTX, which needs NVIDIA's compiler, but no device."""

import functools
import pkgutil
import re
from importlib import import_module, util

import pytest
from numba import types
from numba.core import config

if config.ENABLE_CUDASIM or config.DISABLE_JIT:
    pytest.skip("nothing is compiled", allow_module_level=True)
if not (util.find_spec("numba_cuda") and util.find_spec("nvidia")):
    pytest.skip("needs the extra [cuda]", allow_module_level=True)

from numba import cuda
from numba.cuda import dispatcher

from numba_dropout.kernels import cuda as kernels

CAPABILITIES = [(7, 5), (8, 0), (9, 0), (10, 0)]

U8, F4, B1, I8 = types.uint64, types.float32, types.boolean, types.int64
WHERE = (U8,) * 5  # k0, k1, stream, step, offset


def flat(element):
    return types.Array(element, 1, "C")


def matrix(element):
    return types.Array(element, 2, "C")


def dropout(element):
    return flat(element), flat(element), I8, B1, U8, F4, *WHERE


ROWS = flat(F4), flat(F4), matrix(F4), matrix(F4)
FLOATS = matrix(F4)

SIGNATURES = {
    "mask._sample": (flat(types.boolean), I8, B1, U8, *WHERE),
    "mask._pack": (flat(types.uint8), I8, I8, U8, *WHERE),
    "dropout.float32": dropout(F4),
    "dropout.float16": dropout(types.float16),
    "dropout.uint16": dropout(types.uint16),
    "relu._forward": (flat(F4), flat(F4)),
    "relu._backward": (flat(F4), flat(F4), flat(F4)),
    "random._bits": (flat(U8), I8, *WHERE),
    "rows._gather": (FLOATS, matrix(types.uint8), flat(I8), flat(types.float64), flat(types.float64)),
    "rows._gather_labels": (flat(I8), flat(I8), flat(I8)),
    "totals._totals": (flat(types.float64), flat(F4), flat(F4)),
    "max_norm._limit": (FLOATS, types.float64),
    "mse._forward": (*ROWS, FLOATS),
    "mse._backward": (FLOATS, FLOATS, F4),
    "bce._forward": (*ROWS, FLOATS),
    "bce._backward": (FLOATS, FLOATS, FLOATS, F4),
    "softmax_cross_entropy._forward": (*ROWS, flat(I8)),
    "softmax_cross_entropy._backward": (FLOATS, FLOATS, flat(I8), F4),
}


def device_kernels():
    """Return all kernels by file and name; those of a table by file and key."""
    found = {}
    for module in pkgutil.iter_modules(kernels.__path__):
        space = vars(import_module(f"{kernels.__name__}.{module.name}"))
        for name, value in [*space.items(), *space.get("_KERNELS", {}).items()]:
            if isinstance(value, dispatcher.CUDADispatcher) and not value.targetoptions.get("device"):
                found[f"{module.name}.{name}"] = value
    return found


@functools.cache
def ptx(name, capability):
    return cuda.compile_ptx(device_kernels()[name].py_func, types.void(*SIGNATURES[name]), cc=capability)[0]


@pytest.fixture(autouse=True)
def device(monkeypatch):
    """Stand in for the device that there is none of: numba.cuda asks it for its capability."""
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: type("Device", (), {"compute_capability": (9, 0)}))


def test_every_kernel_is_here():
    assert set(device_kernels()) == set(SIGNATURES)


@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda capability: "sm_{}{}".format(*capability))
@pytest.mark.parametrize("name", SIGNATURES)
def test_kernels_compile(name, capability):
    code = ptx(name, capability)
    assert ".entry" in code
    assert ".local" not in code  # registers that do not fit, or arrays that are indexed by what is not a constant
    assert not re.search(r"\b(?:div|rem)\.[su]64", code)


@pytest.mark.parametrize("name", ["dropout.float32", "dropout.float16", "dropout.uint16"])
def test_a_thread_reads_and_writes_16_bytes(name):
    code = ptx(name, (9, 0))
    accesses = 2 if name == "dropout.float32" else 1
    for operation in ("ld", "st"):
        assert len(re.findall(rf"{operation}\.global\S*\.v4\.[bfu]32", code)) == accesses


def test_eight_elements_of_a_mask_are_one_store():
    assert len(re.findall(r"st\.global\.v2\.[bu]32|st\.global\.[bu]64", ptx("mask._sample", (9, 0)))) == 1


@pytest.mark.parametrize("name", ["mask._sample", "mask._pack", "dropout.float32", "random._bits"])
def test_words_are_multiplied_in_one_instruction(name):
    code = ptx(name, (9, 0))
    assert len(re.findall(r"mul\.wide\.u32", code)) >= 20
    assert not re.search(r"mul\.(?:lo|hi)\.[su]64", code)
