"""Worker processes: their errors, and a process that keeps a core busy."""

import os

import pytest
from numba_dropout_bench import worker_pool


def test_busy_process():
    def children():
        return {int(name) for name in os.listdir("/proc") if name.isdigit() and _parent(name) == os.getpid()}

    if not os.path.isdir("/proc/self"):
        pytest.skip("this system does not list its processes")
    before = children()
    with worker_pool.busy_process():
        (busy,) = children() - before
    assert busy not in children()


def _parent(number):
    try:
        with open(f"/proc/{number}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return None


@pytest.mark.jit_only
def test_errors_of_a_worker():
    with (
        worker_pool.started(["nothing"], 1, "float32", "cpu") as (process,),
        pytest.raises(worker_pool.Failed, match="KeyError"),
    ):
        process.versions()
    with worker_pool.started(["numpy"], 1, "float32", "cpu") as (process,):
        assert "numpy" in process.versions()
        with pytest.raises(worker_pool.Failed, match="KeyError"):
            process.request("turn", name="nobody")
        process.process.kill()
        with pytest.raises(worker_pool.Failed, match=r"ended with exit code -?\d+: no output"):
            process.request("forget")
