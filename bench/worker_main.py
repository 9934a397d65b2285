"""A process that measures one library: requests come as lines of JSON, and so go the answers.

Each library has a process of its own, for their threads wait spinning and would take the others' time; the parent
lets one work while the others are blocked here, reading.
"""

from __future__ import annotations

import gc
import importlib
import json
import math
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from .cases import Case
from .contestants._checks import learns

TURN = 0.04  # seconds of calls that a turn takes at least: longer than the system's scheduler plays
CALLS = 3  # timed calls that a turn has at least, of which the median counts
LONGEST = 0.5  # seconds after which a turn ends all the same
LOOK = 0.02  # seconds over which a process is looked at to see whether it rests
PATIENCE = 1.0  # seconds after which it is left to itself
MODULES = {
    "own": "numba_dropout_peer",
    "numpy": "numpy_peer",
    "torch": "torch_peer",
    "jax": "jax_peer",
    "tensorflow": "tensorflow_peer",
    "sklearn": "sklearn_peer",
}
# The groups that a library takes part in: known without importing it.
GROUPS = {
    "own": ("kernels", "train", "memory"),
    "numpy": ("kernels",),
    "torch": ("kernels", "train", "memory"),
    "jax": ("kernels", "train", "memory"),
    "tensorflow": ("kernels", "train"),
    "sklearn": ("train",),
}
ON_CUDA = {"own": ("kernels", "train"), "torch": ("kernels", "train")}


def groups_of(library: str, device: str) -> tuple[str, ...]:
    """Return the groups that a library takes part in on a device."""
    return (GROUPS if device == "cpu" else ON_CUDA).get(library, ())


class Worker:
    """Those of one library who take part in the case at hand."""

    def __init__(self, library: str, threads: int, dtype: str, device: str) -> None:
        self.role = "own" if library == "own" else "peer"
        self.module = importlib.import_module(f".contestants.{MODULES[library]}", __package__)
        self.module.settle(threads, dtype, *([device] if device != "cpu" else []))
        self.timed: dict[str, Any] = {}
        self.pairs: dict[str, Any] = {}

    def about(self) -> dict[str, str]:
        """Return the versions that are measured."""
        return self.module.VERSIONS

    def prepare(self, case: dict[str, Any]) -> dict[str, Any]:
        """Make the contestants of a case and check their results: {"roles": by name, "failed": reasons by name}."""
        self.forget()
        what, failed = Case(**{**case, "shape": tuple(case["shape"])}), {}
        self.timed = dict(self.module.CONTESTANTS.get(what.kind, _nobody)(what))
        self.pairs = dict(self.module.PAIRS.get(what.kind, _nobody)(what))
        for name, timed in list(self.timed.items()):
            try:
                timed.check()
            except Exception as error:
                failed[name] = reason(error)
                del self.timed[name]
        for name, pair in list(self.pairs.items()):
            try:
                for call in pair:
                    learns(call)()
            except Exception as error:
                failed[name] = reason(error)
                del self.pairs[name]
        roles = {name: timed.role for name, timed in self.timed.items()}
        roles.update(dict.fromkeys(self.pairs, self.role))
        return {"roles": roles, "failed": failed}

    def turn(self, name: str) -> float:
        """Return the median of the seconds that the case takes, over enough calls to tell."""
        timed = self.timed[name]
        timed.call()
        seconds: list[float] = []
        start = time.perf_counter()
        while True:
            before = time.perf_counter()
            timed.call()
            now = time.perf_counter()
            seconds.append(now - before)
            took = now - start
            if took >= LONGEST or (took >= TURN and len(seconds) >= CALLS):
                return statistics.median(seconds) / timed.times

    def turn_of_pairs(self, name: str, count: int) -> list[tuple[float, float]]:
        """Return so many pairs of seconds, with and without.

        Each is of two calls, in the order with, without, without, with: of two calls one after the other the same
        network's second finds other caches than the other network's first.
        """
        for call in self.pairs[name]:
            call()
        result = []
        for _ in range(count):
            seconds = [0.0, 0.0]
            for which in (0, 1, 1, 0):
                before = time.perf_counter()
                self.pairs[name][which]()
                seconds[which] += (time.perf_counter() - before) / 2
            result.append((seconds[0], seconds[1]))
        return result

    def bytes_kept(self, case: dict[str, Any]) -> dict[str, int]:
        """Return bytes, by what they are."""
        what = Case(**{**case, "shape": tuple(case["shape"])})
        return self.module.SIZES_OF_MEMORY.get(what.kind, _nobody)(what)

    def forget(self) -> None:
        """Let go of the contestants and their arrays."""
        self.timed, self.pairs = {}, {}
        gc.collect()


def calm() -> None:
    """Wait until no thread of this process works or spins: OpenBLAS's wait spinning for a tenth of a second."""
    for _ in range(int(PATIENCE / LOOK)):
        before = time.process_time()
        time.sleep(LOOK)
        if time.process_time() - before < LOOK / 10:
            return


def _nobody(case: Case) -> dict[str, Any]:
    return {}


def reason(error: BaseException) -> str:
    """Return what an exception says in one line."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"[:200]


def answer(worker: Worker, request: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked for; what fails is told, and does not end the process."""
    method: Callable[..., Any] = getattr(worker, request.pop("do"))
    gc.disable()  # nothing is collected in the midst of a turn
    try:
        result = method(**request)
        calm()  # before anyone else has a turn
        return {"result": result}
    except Exception as error:
        return {"error": reason(error)}
    finally:
        gc.enable()


def main() -> None:
    """Serve until the parent closes the pipe. Whatever libraries print goes to the standard error."""
    library, threads, dtype, device = sys.argv[-4], int(sys.argv[-3]), sys.argv[-2], sys.argv[-1]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    answers: TextIO = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if hasattr(os, "sched_setaffinity"):  # binds those too that have no other way to be told the threads
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    try:
        worker = Worker(library, threads, dtype, device)
        reply: dict[str, Any] = {"result": worker.about()}
    except Exception as error:
        reply = {"error": reason(error)}
    _send(answers, reply)
    if "result" in reply:
        for line in sys.stdin:
            _send(answers, answer(worker, json.loads(line)))


def _send(answers: TextIO, reply: dict[str, Any]) -> None:
    result = reply.get("result")
    if isinstance(result, float) and not math.isfinite(result):
        reply = {"error": f"ValueError: {result} seconds were measured"}
    answers.write(json.dumps(reply) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
