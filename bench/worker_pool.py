"""The worker processes, for their parent process."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from numba_dropout.core import errors

from .worker_main import MODULES, OWN, groups_of

__all__ = ["OWN", "PEERS", "Failed", "Process", "busy_process", "groups_of", "missing", "started"]

PEERS = tuple(name for name in MODULES if name not in OWN)
PACKAGES = {"sklearn": "scikit-learn"}  # whose names are not those of their modules
NEEDS = {"own in torch": "torch", "own in jax": "jax"}  # the modules of libraries whose names are not theirs
THREADS = (
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
SETTINGS = {
    "JAX_PLATFORMS": "cpu",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TORCHINDUCTOR_COMPILE_THREADS": "1",  # no additional processes
    "PYTHONSAFEPATH": "1",  # do not import the user's files named like a library
}


ON_CPU = {"CUDA_VISIBLE_DEVICES": ""}


class Failed(Exception):
    """A failed request to a worker. The message is one line."""


class Process:
    """A worker process for one library."""

    def __init__(self, library: str, threads: int, dtype: str, device: str) -> None:
        self.name = library
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.worker_main", library, str(threads), dtype, device],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={
                **os.environ,
                **SETTINGS,
                **(ON_CPU if device == "cpu" else {}),
                **dict.fromkeys(THREADS, str(threads)),
            },
        )

    def versions(self) -> dict[str, str]:
        """Return the versions of the library, the first answer of the worker."""
        return self._answer()

    def request(self, do: str, **arguments: Any) -> Any:
        """Send a request and return its result. Raise Failed on an error."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self.process.stdin.flush()
        except OSError:
            raise Failed(self._end()) from None
        return self._answer()

    def close(self) -> None:
        """End the worker."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.log):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise Failed(self._end())
        reply = json.loads(line)
        if "error" in reply:
            raise Failed(reply["error"])
        return reply["result"]

    def _end(self) -> str:
        """Return a sentence with the exit code of the process and its last line of output."""
        code = self.process.wait()
        self.log.seek(0)
        lines = self.log.read().decode(errors="replace").strip().splitlines() or ["no output"]
        return f"the process ended with exit code {code}: {lines[-1]}"[:200]


@contextlib.contextmanager
def busy_process() -> Iterator[None]:
    """Run a process that keeps one core busy."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def missing(library: str) -> str | None:
    """Return the reason why a library is missing, or None."""
    library = NEEDS.get(library, library)
    if library == "own" or importlib.util.find_spec(library) is not None:
        return None
    return errors.missing("not installed", PACKAGES.get(library, library), "peers")


@contextlib.contextmanager
def started(libraries: Sequence[str], threads: int, dtype: str, device: str) -> Iterator[list[Process]]:
    """Start a worker for each library, and end them all."""
    processes: list[Process] = []
    try:
        processes.extend(Process(library, threads, dtype, device) for library in libraries)
        yield processes
    finally:
        for process in processes:
            process.close()
