"""Networks of every kind in one process with one cache: none runs what was compiled for another.

Tests in one process cannot see it: there, Numba tells functions apart. So each kind is first trained in a process of
its own, which leaves code on disk, then all of them in one process from that code, and beside it newly compiled.
ALL_KINDS=1 takes every kind, for most of an hour, in place of a part in which each two choices meet.
"""

import itertools
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from compositions import kinds
from processes import finished

pytestmark = [pytest.mark.jit_only, pytest.mark.full]

SCRIPT = Path(__file__).parents[1] / "support" / "compositions.py"
AT_ONCE = 2


def covering(every):
    """Return some of the kinds, in which each two choices that any kind combines are combined (greedily)."""

    def pairs(kind):
        return set(itertools.combinations(enumerate(kind.split(",")), 2))

    left, chosen = set().union(*map(pairs, every)), []
    while left:
        chosen.append(max(every, key=lambda kind: len(pairs(kind) & left)))
        left -= pairs(chosen[-1])
    return chosen


def trained(chosen, folder, **environment):
    """Train kinds one after the other in one process; return the digest of what each computed."""
    command = [sys.executable, "-W", "error", str(SCRIPT), *chosen]
    done = finished(command, NUMBA_CACHE_DIR=str(folder), NUMBA_NUM_THREADS="1", **environment)
    return dict(line.split() for line in done.stdout.splitlines())


def test_no_kind_runs_what_was_compiled_for_another(tmp_path):
    chosen = kinds() if os.environ.get("ALL_KINDS") else covering(kinds())
    folder = tmp_path / "cache"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        parts = [chosen[number::AT_ONCE] for number in range(AT_ONCE)]
        apart = list(pool.map(lambda kind: trained([kind], folder), chosen))
        uncached = list(pool.map(lambda part: trained(part, tmp_path, NUMBA_DROPOUT_CACHE="0"), parts))
    expected = {kind: digest for results in uncached for kind, digest in results.items()}
    assert {kind: digest for results in apart for kind, digest in results.items()} == expected
    assert trained(chosen, folder) == expected
    assert trained(chosen[::-1], folder) == expected
    half = set(chosen[::2])  # a folder in which every other kind is missing: new code beside what is loaded
    trained([kind for kind in chosen if kind in half], tmp_path / "half")
    assert trained(chosen, tmp_path / "half") == expected
    print(f"{len(chosen)} kinds, {len(chosen) * (len(chosen) - 1)} ordered pairs of them")
