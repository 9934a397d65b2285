"""Worker processes: none remains after the end of a run."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

WORKING = """
import sys, time
from numba_dropout.experiments import compare
from numba_dropout.experiments.config import TrainConfig

if __name__ == "__main__":
    config = TrainConfig(hidden=(6,), epochs=2, rows=40, optimizer="adam")
    def on_result(outcome):
        print("done", flush=True)
    compare.compare("pipeline", [0.0, 0.5], config, repeats=400, jobs=2, on_result=on_result)
"""


def children(pid):
    """Return all descendants of a process."""
    pids = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, path.read_text().split()):
            pids += [child, *children(child)]
    return pids


def running(pids):
    """Return the processes that have not ended."""
    alive = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                alive.append(pid)
    return alive


@pytest.mark.jit_only
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux's /proc")
@pytest.mark.parametrize("how", ["interrupt", "terminate", "kill", "a worker"])
def test_workers_end(how, tmp_path):
    """The run ends by an interrupt of the first process, by another signal, or because a worker dies."""
    (tmp_path / "working.py").write_text(WORKING)
    command = [sys.executable, str(tmp_path / "working.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "done\n"
        workers = children(process.pid)
        assert len(running(workers)) >= 2
        if how == "a worker":
            busy = [pid for pid in workers if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]
            os.kill(busy[0], signal.SIGKILL)
        else:
            send = {"interrupt": signal.SIGINT, "terminate": signal.SIGTERM, "kill": signal.SIGKILL}[how]
            process.send_signal(send)
        process.stdout.read()
        errors = process.stderr.read()
    assert process.returncode != 0
    for _ in range(200):
        if not running(workers):
            break
        time.sleep(0.05)
    assert running(workers) == []
    if how == "a worker":
        assert errors.splitlines()[-1].endswith(
            "a worker process was killed, perhaps for lack of memory; try fewer jobs"
        )
    if how == "interrupt":
        assert errors.splitlines()[-1] == "KeyboardInterrupt"
