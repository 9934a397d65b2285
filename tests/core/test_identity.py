"""Identities of compiled functions: no function runs code that was compiled for another, or for other sources."""

import itertools
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from compositions import kinds
from numba.core import config
from processes import finished

import numba_dropout as nd
from numba_dropout.core import identity
from numba_dropout.nn.passes import CPU, LOSSES, PassSpec, build_passes
from numba_dropout.nn.updates import RULES
from numba_dropout.nn.variants import VARIANTS

pytestmark = pytest.mark.jit_only

PACKAGE = Path(nd.__file__).parent


def test_hash_of_sources(tmp_path, monkeypatch):
    """Numba alone checks only the file of the outermost function."""
    copy = tmp_path / "numba_dropout"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(identity, "_PACKAGE", str(copy))
    hashes = {identity.source_hash()}
    assert hashes == {identity.SOURCES}
    files = sorted(copy.rglob("*.py"))
    for file in files:
        content = file.read_bytes()
        file.write_bytes(content + b"# edited\n")
        hashes.add(identity.source_hash())
        file.write_bytes(content)
    assert len(hashes) == len(files) + 1
    assert {"dropconnect.py", "concrete_dropout.py", "sites.py", "subnetwork.py", "views.py"} <= {
        file.name for file in files
    }


def test_unreadable_sources(tmp_path, monkeypatch):
    monkeypatch.setattr(identity, "_PACKAGE", str(tmp_path))
    assert identity.source_hash() is None


def identified(x):
    return x


def closure(value):
    return lambda: value


@pytest.mark.parametrize(
    ("name", "value"), [("LOOP_VECTORIZE", 0), ("SLP_VECTORIZE", 1), ("OPT", 1), ("BOUNDSCHECK", 1), ("NEW_ONE", 1)]
)
def test_settings_of_numba(monkeypatch, name, value):
    before = identity.identity(identified)
    monkeypatch.setattr(config, name, value, raising=False)
    assert identity.identity(identified) != before


@pytest.mark.parametrize("name", ["NUMBA_NUM_THREADS", "THREADING_LAYER", "CACHE_DIR", "DEVELOPER_MODE"])
def test_settings_of_the_process(monkeypatch, name):
    before = identity.identity(identified)
    monkeypatch.setattr(config, name, "another")
    assert identity.identity(identified) == before


def test_closures():
    values = [0, False, 0.0, None, "0", (0,), np.uint64(0), np.int64(0), np, identified, closure(1), closure(2), int]
    names = [identity.identity(closure(value)) for value in values]
    assert len(set(names)) == len(values)
    assert names == [identity.identity(closure(value)) for value in values]
    with pytest.raises(TypeError, match="expected constants and functions, got list"):
        identity.identity(closure([0]))


def test_passes():
    """Passes are closures of a few functions, and differ only in their values."""
    kinds = [*VARIANTS, "rates"]
    flags = (False, True)
    choices = list(itertools.product(LOSSES, RULES, flags, flags, kinds, flags, flags))
    built = [build_passes(CPU, PassSpec(*choice)) for choice in choices]
    names = {identity.identity(passes.train_steps.py_func) for passes in built}
    assert len(names) == len(choices)
    evaluations = {identity.identity(passes.evaluate.py_func) for passes in built}
    by_variant = len(kinds) - 1  # dropconnect's is dropout's
    assert len(evaluations) == len(LOSSES) * by_variant * 2  # by loss, variant and sparse


SCRIPT = Path(__file__).parents[1] / "support" / "compositions.py"
AT_ONCE = 2


def covering(every):
    """Return kinds with all pairs of choices, chosen greedily."""

    def pairs(kind):
        return set(itertools.combinations(enumerate(kind.split(",")), 2))

    left, chosen = set().union(*map(pairs, every)), []
    while left:
        chosen.append(max(every, key=lambda kind: len(pairs(kind) & left)))
        left -= pairs(chosen[-1])
    return chosen


def trained(chosen, folder, **environment):
    """Train kinds one after the other in one process; return the digest of each kind's results."""
    command = [sys.executable, "-W", "error", str(SCRIPT), *chosen]
    process = finished(command, NUMBA_CACHE_DIR=str(folder), NUMBA_NUM_THREADS="1", **environment)
    return dict(line.split() for line in process.stdout.splitlines())


@pytest.mark.full
def test_networks_of_all_kinds(tmp_path):
    """Networks have the same results in one process with one cache as in separate processes.

    Numba distinguishes the functions of one process. So each kind is first trained in a separate process, which writes
    code to disk. Then one process trains all kinds from that code. ALL_KINDS=1 trains every kind, for most of an hour.
    By default, each pair of choices occurs in one of the kinds.
    """
    chosen = kinds() if os.environ.get("ALL_KINDS") else covering(kinds())
    folder, half = tmp_path / "cache", tmp_path / "half"

    def trained_beside_new():
        trained(chosen[::2], half)  # a folder without every other kind: new code next to loaded code
        return trained(chosen, half)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        beside_new = pool.submit(trained_beside_new)
        separate = [pool.submit(trained, [kind], folder) for kind in chosen]
        uncached = [
            pool.submit(trained, chosen[number::AT_ONCE], tmp_path, NUMBA_DROPOUT_CACHE="0")
            for number in range(AT_ONCE)
        ]
    expected = {kind: digest for part in uncached for kind, digest in part.result().items()}
    assert set(expected) == set(chosen)
    assert {kind: digest for part in separate for kind, digest in part.result().items()} == expected
    assert beside_new.result() == expected
    assert trained(chosen, folder) == expected
    assert trained(chosen[::-1], folder) == expected
    print(f"{len(chosen)} kinds, {len(chosen) * (len(chosen) - 1)} ordered pairs of them")
