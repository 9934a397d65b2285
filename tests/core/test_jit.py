"""Compilation: imports, threads, forks, and kernels in other functions."""

import os

import numpy as np
import pytest
from kernel_cases import KERNELS
from numba import njit, types
from processes import run

import numba_dropout as nd
from numba_dropout.kernels import cpu
from numba_dropout.nn import passes

pytestmark = pytest.mark.jit_only


def run_on(layer, code):
    """Run Python on a threading layer, or skip if Numba lacks it."""
    try:
        return run(code, NUMBA_THREADING_LAYER=layer)
    except AssertionError as error:
        if "No threading layer could be loaded" in str(error):
            pytest.skip(f"Numba has no {layer} layer here")
        raise


def test_import_compiles_nothing(tmp_path):
    code = (
        "from numba.core import event\n"
        "with event.install_recorder('numba:compile') as seen:\n"
        "    import numba_dropout\n"
        "print(len(seen.buffer))"
    )
    assert run(code, NUMBA_CACHE_DIR=str(tmp_path)) == "0"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("layer", ["workqueue", "omp"])
def test_calls_in_several_threads(layer):
    """The workqueue layer of Numba aborts the process when two threads enter it. Calls wait for each other instead."""
    code = (
        "import threading, numpy as np, numba_dropout as nd, numba\n"
        "x = np.ones(2**17, np.float32)\n"
        "expected = nd.dropout(x, 0.5, seed=1)\n"
        "wrong = []\n"
        "def work():\n"
        "    for _ in range(50):\n"
        "        if not np.array_equal(nd.dropout(x, 0.5, seed=1), expected): wrong.append(1)\n"
        "threads = [threading.Thread(target=work) for _ in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "print(numba.threading_layer(), len(wrong))"
    )
    assert run_on(layer, code) == f"{layer} 0"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("layer", ["omp", "workqueue"])
def test_calls_after_fork(layer):
    """OpenMP of GNU aborts a process that forks and starts threads, and a lock held at the fork is never released."""
    code = (
        "import os, threading, numpy as np, numba_dropout as nd\n"
        "x = np.ones((512, 512), np.float32)\n"
        "net = nd.MLP([512, 256, 2], seed=1)\n"
        "def use(): return float(nd.dropout(x, 0.5, seed=1).sum() + net.forward(x, training=True).sum())\n"
        "expected = use()\n"
        "def child():\n"
        "    results = [use()]\n"
        "    thread = threading.Thread(target=lambda: results.append(use()))\n"
        "    thread.start(); thread.join()\n"
        "    os._exit(0 if results == [expected, expected] else 3)\n"
        "from numba_dropout.core import jit\n"
        "with jit.threading_lock():\n"
        "    number = os.fork()\n"
        "    if not number: threading.Thread(target=child).start(); threading.Event().wait(60); os._exit(4)\n"
        "print(os.waitpid(number, 0)[1], use() == expected)"
    )
    assert run_on(layer, code) == "0 True"


def test_kernels_in_jitted_functions(rng):
    @njit
    def twice(out, inp, threshold, scale, k0, k1):
        none = np.uint64(0)
        cpu.dropout_forward(out, inp, threshold, scale, k0, k1, none, none, none)
        cpu.dropout_forward(out, out, threshold, scale, k0, k1, none, np.uint64(1), none)

    x, y = rng.standard_normal(100), np.empty(100)
    twice(y, x, np.uint64(2**31), 2.0, np.uint64(7), np.uint64(0))
    assert np.array_equal(y, nd.dropout(nd.dropout(x, 0.5, seed=7), 0.5, seed=7, step=1))


def test_kernels_in_cached_functions(tmp_path):
    """A second process loads the code and links it to a threading layer that has not been started."""
    (tmp_path / "theirs.py").write_text(
        "import numpy as np\n"
        "from numba import njit\n"
        "from numba_dropout.kernels import cpu\n"
        "@njit(cache=True)\n"
        "def noisy(x):\n"
        "    none = np.uint64(0)\n"
        "    cpu.dropout_forward(x, x, np.uint64(2**31), np.float32(2), np.uint64(1), none, none, none, none)\n"
        "x = np.ones(2**15, np.float32)\n"
        "noisy(x)\n"
        "print(x.sum(), sum(noisy.stats.cache_hits.values()))\n"
    )
    results = [run("import theirs", cwd=tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "cache")).split() for _ in range(2)]
    assert [hits for _, hits in results] == ["0", "1"]
    expected = nd.dropout(np.ones(2**15, np.float32), 0.5, seed=1).sum()
    assert [float(total) for total, _ in results] == [expected, expected]


@pytest.mark.last
def test_only_plain_arrays_are_compiled():
    """Kernels get contiguous, aligned, writable arrays for all inputs: one specialization for each dtype.

    This runs after all other tests, and checks the signatures that they compiled.
    """
    for x in (np.ones((4, 4))[::2], np.broadcast_to(np.float32(1), 4), np.asfortranarray(np.ones((3, 3)))):
        nd.dropout(x, 0.5, seed=1)
        nd.relu(x)
    seen = set()
    for function in (
        *KERNELS.values(),
        *passes.passes_for("cpu", passes.PassSpec("cross_entropy")),
    ):
        for signature in function.signatures:
            for kind in _flat(signature):
                if isinstance(kind, types.Array):
                    seen.add(str(kind.dtype))
                    assert (kind.layout, kind.mutable, kind.aligned) == ("C", True, True), f"{function}: {kind}"
    halves = {"int16", "uint16"}  # the bits of float16 and bfloat16
    assert {"float32"} <= seen <= {"float32", "float64", "bool", "uint8", "int32", "int64", "uint64", *halves}


def _flat(kinds):
    """Return the types of a signature, with the fields of tuples."""
    for kind in kinds:
        yield from _flat(kind.types) if isinstance(kind, types.BaseTuple) else (kind,)
