"""Compilation: nothing at import, one specialisation for each kind of array, and a cache that cannot be stale."""

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import njit, types

import numba_dropout as nd
from numba_dropout import _disk_cache, backprop
from numba_dropout.kernels import cpu

pytestmark = pytest.mark.jit_only


def run(code, cwd=None, **environment):
    """Run Python in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def run_on(layer, code):
    """Run Python on a threading layer, or skip where Numba has none of that name."""
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


USE = "import numpy as np, numba_dropout as nd; print(nd.dropout(np.ones(9), 0.5, seed=1).sum())"


def test_a_second_process_loads_what_the_first_compiled(tmp_path):
    first = run(USE, NUMBA_CACHE_DIR=str(tmp_path))
    files = sorted(tmp_path.rglob("*.nbc"))
    assert files
    stamps = [file.stat().st_mtime_ns for file in files]
    code = USE + ("\nfrom numba_dropout.kernels import cpu\nprint(len(cpu.dropout_forward.signatures))")
    assert run(code, NUMBA_CACHE_DIR=str(tmp_path)).split() == [first, "1"]
    assert [file.stat().st_mtime_ns for file in sorted(tmp_path.rglob("*.nbc"))] == stamps


def test_no_two_compositions_share_a_name_on_disk():
    """They are closures of one function; only what they hold tells them apart."""
    choices = list(itertools.product(backprop.LOSSES, ("sgd", "adam"), (False, True)))
    names = {_disk_cache._name(backprop.compiled(backprop.Choice(*choice)).train_steps) for choice in choices}
    assert len(names) == len(choices) == 12
    evaluations = {_disk_cache._name(backprop.compiled(backprop.Choice(*choice)).evaluate) for choice in choices}
    assert len(evaluations) == len(backprop.LOSSES)


def test_the_cache_can_be_turned_off(tmp_path):
    run(USE, NUMBA_CACHE_DIR=str(tmp_path), NUMBA_DROPOUT_CACHE="0")
    assert list(tmp_path.rglob("*.nbc")) == []


def test_damaged_files_are_compiled_again(tmp_path):
    expected = run(USE, NUMBA_CACHE_DIR=str(tmp_path))
    for file in tmp_path.rglob("*.nbc"):
        file.write_bytes(file.read_bytes()[:100])
    assert run(USE, NUMBA_CACHE_DIR=str(tmp_path)) == expected


def test_the_folder_is_named_by_all_sources(tmp_path):
    """An edit of a shared scalar must lead to another folder: Numba by itself would go on with stale code."""
    package = Path(nd.__file__).parent
    copy = tmp_path / "numba_dropout"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    code = "from numba_dropout import _disk_cache as kept; print(kept.FOLDER.name, kept.__file__)"
    before, file = run(code, cwd=tmp_path).split()
    assert file.startswith(str(tmp_path))
    with open(copy / "kernels" / "philox.py", "a") as source:
        source.write("# edited\n")
    assert run(code, cwd=tmp_path).split()[0] != before


def test_old_versions_of_the_sources_are_let_go(tmp_path):
    for age in range(12):
        folder = tmp_path / "numba_dropout" / f"old{age:02d}"
        folder.mkdir(parents=True)
        os.utime(folder, (1e9 - age, 1e9 - age))
    run(USE, NUMBA_CACHE_DIR=str(tmp_path))
    left = sorted(path.name for path in (tmp_path / "numba_dropout").iterdir())
    assert len(left) == 8
    assert left[1:] == [f"old{age:02d}" for age in range(7)]


def test_two_processes_may_fill_one_cache_at_once(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    both = [
        subprocess.Popen([sys.executable, "-c", USE], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    results = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert results[0] == results[1] == run(USE, NUMBA_CACHE_DIR=str(tmp_path)) + "\n"
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and file.suffix != ".nbc"]


@pytest.mark.parametrize("layer", ["workqueue", "omp"])
def test_python_threads_may_enter_together(layer):
    """Numba's workqueue layer aborts the process when two threads enter it; ours takes turns."""
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
def test_a_forked_process_goes_on(layer):
    """GNU OpenMP ends a process that forks and starts threads again, a lock held at the fork would stop it for ever."""
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
        "from numba_dropout import _jit\n"
        "with _jit.exclusive():\n"
        "    number = os.fork()\n"
        "    if not number: threading.Thread(target=child).start(); threading.Event().wait(60); os._exit(4)\n"
        "print(os.waitpid(number, 0)[1], use() == expected)"
    )
    assert run_on(layer, code) == "0 True"


def test_kernels_run_inside_other_peoples_functions(rng):
    @njit
    def twice(out, inp, threshold, scale, k0, k1):
        none = np.uint64(0)
        cpu.dropout_forward(out, inp, threshold, scale, k0, k1, none, none, none)
        cpu.dropout_forward(out, out, threshold, scale, k0, k1, none, np.uint64(1), none)

    x, y = rng.standard_normal(100), np.empty(100)
    twice(y, x, np.uint64(2**31), 2.0, np.uint64(7), np.uint64(0))
    assert np.array_equal(y, nd.dropout(nd.dropout(x, 0.5, seed=7), 0.5, seed=7, step=1))


def test_kernels_run_inside_functions_that_numba_itself_keeps_on_disk(tmp_path):
    """A second process finds the code on disk, and links it to a threading layer that nothing has started yet."""
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
def test_only_plain_arrays_were_compiled_for():
    """Whatever users hand in, kernels see contiguous, aligned, writable arrays: one specialisation for each dtype.

    This runs after all other tests, and looks at what they made Numba compile.
    """
    for x in (np.ones((4, 4))[::2], np.broadcast_to(np.float32(1), 4), np.asfortranarray(np.ones((3, 3)))):
        nd.dropout(x, 0.5, seed=1)
        nd.relu(x)
    seen = set()
    for function in (
        *(getattr(cpu, name) for name in cpu.__all__),
        *backprop.compiled(backprop.Choice("cross_entropy")),
    ):
        for signature in function.signatures:
            for kind in _flat(signature):
                if isinstance(kind, types.Array):
                    seen.add(str(kind.dtype))
                    assert (kind.layout, kind.mutable, kind.aligned) == ("C", True, True), f"{function}: {kind}"
    assert {"float32"} <= seen <= {"float32", "float64", "bool", "uint8", "int64", "uint64"}


def _flat(kinds):
    """Return the types of a signature, those inside of named tuples too."""
    for kind in kinds:
        yield from _flat(kind.types) if isinstance(kind, types.BaseTuple) else (kind,)
