"""The default number of threads, and how they wait."""

import os
import sys
from pathlib import Path

import numba
import pytest
from numba.core import config
from processes import finished, run

from numba_dropout.core import threads
from numba_dropout.experiments import environment as system

PRESENT = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
GROUPS = Path("/sys/fs/cgroup/cpu")


def tree(root, groups, files):
    for name, content in {"proc/self/cgroup": groups, **files}.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root


V1, V2 = "3:cpuset:/\n2:cpu,cpuacct:/a/b\n", "0::/a/b\n"
SHARED = "sys/fs/cgroup"


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        (V2, {f"{SHARED}/a/b/cpu.max": "max 100000"}, PRESENT),
        (V2, {f"{SHARED}/a/b/cpu.max": "100000 100000"}, 1),
        (V2, {f"{SHARED}/a/b/cpu.max": "10000 100000"}, 1),
        (V2, {f"{SHARED}/a/b/cpu.max": "110000 100000"}, min(PRESENT, 2)),
        (V2, {f"{SHARED}/a/b/cpu.max": "max 100000", f"{SHARED}/a/cpu.max": "50000 50000"}, 1),  # a group above
        (V2, {f"{SHARED}/cpu.max": "100000 100000"}, 1),  # as a container sees it
        (V2, {f"{SHARED}/unified/a/b/cpu.max": "100000 100000"}, 1),
        (V2, {f"{SHARED}/other/cpu.max": "100000 100000"}, PRESENT),
        (V2, {f"{SHARED}/a/b/cpu.max": "what"}, PRESENT),
        (V1, {f"{SHARED}/cpu,cpuacct/a/b/cpu.cfs_quota_us": "-1"}, PRESENT),
        (
            V1,
            {
                f"{SHARED}/cpu,cpuacct/a/b/cpu.cfs_quota_us": "90000",
                f"{SHARED}/cpu,cpuacct/a/b/cpu.cfs_period_us": "100000",
            },
            1,
        ),
        (V1, {f"{SHARED}/cpu/cpu.cfs_quota_us": "50000", f"{SHARED}/cpu/cpu.cfs_period_us": "50000"}, 1),
        ("", {}, PRESENT),
    ],
)
def test_quota(tmp_path, groups, files, expected):
    assert threads.cores(tree(tmp_path, groups, files)) == expected


def test_no_control_groups(tmp_path):
    assert threads.cores(tmp_path) == PRESENT


COUNT = "import numpy as np, numba, numba_dropout as nd; {}; nd.relu(np.ones(9)); print(numba.get_num_threads())"
LESS = "nd.core.threads.cores = lambda: 1"


@pytest.mark.jit_only
@pytest.mark.skipif(config.NUMBA_NUM_THREADS < 2, reason="needs two cores")
@pytest.mark.parametrize(
    ("before", "environment", "expected"),
    [
        (LESS, {}, 1),
        (LESS, {"NUMBA_NUM_THREADS": "2"}, 2),
        (f"{LESS}; nd.core.threads.choose(2)", {}, 2),
        (f"{LESS}; nd.relu(np.ones(9)); numba.set_num_threads(2)", {}, 2),
        ("pass", {"NUMBA_NUM_THREADS": None}, PRESENT),
    ],
)
def test_number_of_threads(before, environment, expected):
    assert run(COUNT.format(before), **environment) == str(expected)


@pytest.mark.jit_only
@pytest.mark.skipif(
    not os.access(GROUPS / "cpu.cfs_quota_us", os.W_OK) or PRESENT < 2, reason="cannot set a quota here, or one core"
)
def test_quota_of_the_system():
    group = GROUPS / f"numba-dropout-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"cannot make a control group here: {error}")
    try:
        (group / "cpu.cfs_quota_us").write_text("100000")
        (group / "cpu.cfs_period_us").write_text("100000")
        enter = f"import os; open({str(group / 'tasks')!r}, 'w').write(str(os.getpid())); "
        assert run(enter + COUNT.format("pass")) == "1"
    finally:
        group.rmdir()


SPINS = f"GOMP_SPINCOUNT={threads.SPINS}"


@pytest.mark.jit_only
@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, SPINS),
        ({"OMP_WAIT_POLICY": "active"}, "OMP_WAIT_POLICY=active"),
        ({"GOMP_SPINCOUNT": "7"}, "GOMP_SPINCOUNT=7"),
    ],
)
def test_spin_count(environment, expected):
    """The OpenMP library of GNU prints its settings when it is loaded."""
    code = "import os, numba_dropout as nd; print(nd.core.threads.waiting, 'GOMP_SPINCOUNT' in os.environ)"
    unset = {"OMP_WAIT_POLICY": None, "GOMP_SPINCOUNT": None}
    process = finished([sys.executable, "-c", code], **{**unset, "OMP_DISPLAY_ENV": "verbose", **environment})
    assert process.stdout.split() == [expected, str("GOMP_SPINCOUNT" in environment)]  # the environment is unchanged
    spin_counts = [line.split("'")[1] for line in process.stderr.splitlines() if "GOMP_SPINCOUNT" in line]
    if not spin_counts:
        pytest.skip("Numba runs on another OpenMP library here, or on none")
    counts = {SPINS: str(threads.SPINS), "GOMP_SPINCOUNT=7": "7"}
    assert spin_counts[0] == counts.get(expected, spin_counts[0])


@pytest.mark.jit_only
def test_describe():
    if numba.threading_layer() == "omp":
        assert system.describe()["threading layer"] == f"omp ({threads.waiting})"
    assert system.describe()["threads"].split()[0] == str(system.threads())
