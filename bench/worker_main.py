"""The worker process of one library: requests and answers are lines of JSON.

Each library runs in its own process, because the spinning threads of one would slow down the others. The parent lets
one process work while the others block on reading.
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

TURN = 0.04  # minimum seconds of calls in a turn, longer than the scheduler's effects
CALLS = 3  # minimum timed calls in a turn, of which the median counts
LONGEST = 0.5  # maximum seconds of a turn
LOOK = 0.02  # seconds of one check whether the process is idle
PATIENCE = 1.0  # maximum seconds of waiting until idle
MODULES = {
    "own": "numba_dropout_peer",
    "own in torch": "torch_drop_in",
    "own in jax": "jax_drop_in",
    "numpy": "numpy_peer",
    "torch": "torch_peer",
    "jax": "jax_peer",
    "tensorflow": "tensorflow_peer",
    "sklearn": "sklearn_peer",
}
OWN = ("own", "own in torch", "own in jax")  # this project, also in the models of others
# The groups of each library, available without importing it.
GROUPS = {
    "own": ("kernels", "train", "memory"),
    "own in torch": ("peers",),
    "own in jax": ("peers",),
    "numpy": ("kernels",),
    "torch": ("kernels", "train", "memory", "peers"),
    "jax": ("kernels", "train", "memory", "peers"),
    "tensorflow": ("kernels", "train"),
    "sklearn": ("train",),
}
ON_CUDA = {"own": ("kernels", "train"), "torch": ("kernels", "train")}


def groups_of(library: str, device: str) -> tuple[str, ...]:
    """Return the groups that a library takes part in on a device."""
    return (GROUPS if device == "cpu" else ON_CUDA).get(library, ())


class Worker:
    """The contestants of one library in the current case."""

    def __init__(self, library: str, threads: int, dtype: str, device: str) -> None:
        self.role = "own" if library in OWN else "peer"
        self.module = importlib.import_module(f".contestants.{MODULES[library]}", __package__)
        self.module.configure(threads, dtype, *([device] if device != "cpu" else []))
        self.timed: dict[str, Any] = {}
        self.pairs: dict[str, Any] = {}

    def about(self) -> dict[str, str]:
        """Return the versions of the library."""
        return self.module.VERSIONS

    def prepare(self, case: dict[str, Any]) -> dict[str, Any]:
        """Create the contestants of a case and check their results. Return the role or error of each."""
        self.forget()
        parsed, failed = Case(**{**case, "shape": tuple(case["shape"])}), {}
        self.timed = dict(self.module.CONTESTANTS.get(parsed.kind, _no_contestants)(parsed))
        self.pairs = dict(self.module.PAIRS.get(parsed.kind, _no_contestants)(parsed))
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
        """Return the median of the seconds of the case, over enough calls for a stable result."""
        timed = self.timed[name]
        timed.call()
        seconds: list[float] = []
        start = time.perf_counter()
        while True:
            before = time.perf_counter()
            timed.call()
            after = time.perf_counter()
            seconds.append(after - before)
            elapsed = after - start
            if elapsed >= LONGEST or (elapsed >= TURN and len(seconds) >= CALLS):
                return statistics.median(seconds) / timed.times

    def turn_of_pairs(self, name: str, count: int) -> list[tuple[float, float]]:
        """Return `count` pairs of seconds, with and without dropout.

        Each second is the mean of two calls, in the order with, without, without, with, because the state of the caches
        differs between two consecutive calls.
        """
        for call in self.pairs[name]:
            call()
        result = []
        for _ in range(count):
            seconds = [0.0, 0.0]
            for index in (0, 1, 1, 0):
                before = time.perf_counter()
                self.pairs[name][index]()
                seconds[index] += (time.perf_counter() - before) / 2
            result.append((seconds[0], seconds[1]))
        return result

    def bytes_kept(self, case: dict[str, Any]) -> dict[str, int]:
        """Return a dictionary from descriptions to the bytes that the library keeps for backward."""
        parsed = Case(**{**case, "shape": tuple(case["shape"])})
        return self.module.MEMORY.get(parsed.kind, _no_contestants)(parsed)

    def forget(self) -> None:
        """Release the contestants and their arrays."""
        self.timed, self.pairs = {}, {}
        gc.collect()


def wait_until_idle() -> None:
    """Wait until no thread of this process works or spins. OpenBLAS's threads spin for 0.1 s."""
    for _ in range(int(PATIENCE / LOOK)):
        before = time.process_time()
        time.sleep(LOOK)
        if time.process_time() - before < LOOK / 10:
            return


def _no_contestants(case: Case) -> dict[str, Any]:
    return {}


def reason(error: BaseException) -> str:
    """Return the type and message of an exception in one line."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"[:200]


def answer(worker: Worker, request: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a request, or its error. Errors do not end the process."""
    method: Callable[..., Any] = getattr(worker, request.pop("do"))
    gc.disable()  # no garbage collection during a turn
    try:
        result = method(**request)
        wait_until_idle()  # before the turn of another process
        return {"result": result}
    except Exception as error:
        return {"error": reason(error)}
    finally:
        gc.enable()


def main() -> None:
    """Serve requests until the parent closes the pipe. The output of libraries goes to stderr."""
    library, threads, dtype, device = sys.argv[-4], int(sys.argv[-3]), sys.argv[-2], sys.argv[-1]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    answers: TextIO = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if hasattr(os, "sched_setaffinity"):  # limits libraries without a setting for threads
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
        reply = {"error": f"ValueError: expected finite seconds, got {result}"}
    answers.write(json.dumps(reply) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
