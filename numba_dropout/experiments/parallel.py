"""Parallel calls in worker processes of one thread each, which end with the parent process."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from ..core.errors import InputError
from ..core.options import command_line, is_command_line
from . import environment

__all__ = ["parallel_map"]

T = TypeVar("T")


def parallel_map(
    function: Callable[..., T],
    calls: Sequence[tuple[Any, ...]],
    jobs: int,
    on_result: Callable[[T], None] = lambda result: None,
) -> list[T]:
    """Return the results of a function for each tuple of arguments, in order, with up to `jobs` calls in parallel.

    `on_result` is called with each result as soon as it is available.

    With several jobs each call runs in a worker process with one thread. Workers are spawned, so a script needs
    `if __name__ == "__main__":`. With one job the calls run in this process with all its threads. Raises ValueError if
    a worker was killed. KeyboardInterrupt terminates all workers.
    """
    jobs = min(jobs, len(calls))
    results: dict[int, T] = {}
    if jobs <= 1:
        for number, arguments in enumerate(calls):
            results[number] = function(*arguments)
            on_result(results[number])
        return list(results.values())
    before = set(multiprocessing.active_children())
    spawn = multiprocessing.get_context("spawn")  # threads, and CUDA, do not survive a fork
    pool = ProcessPoolExecutor(jobs, spawn, _start_worker)
    futures: dict[Future[T], int] = {}
    try:
        with _ignore_ctrl_c():  # workers inherit this. The parent handles Ctrl-C and terminates them
            for number, arguments in enumerate(calls):
                futures[pool.submit(_call, is_command_line(), function, arguments)] = number
        for future in as_completed(futures):
            results[futures[future]] = future.result()
            on_result(future.result())
        return [results[number] for number in range(len(calls))]
    except BrokenProcessPool:
        raise InputError("a worker process was killed, perhaps for lack of memory; try fewer jobs") from None
    finally:
        if not all(future.done() for future in futures):
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - before:
                process.terminate()
        pool.shutdown()


@contextlib.contextmanager
def _ignore_ctrl_c() -> Iterator[None]:
    """Ignore Ctrl-C in a `with` block, if this is the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _call(of_command: bool, function: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    """Call a function in a worker, whose messages are for the reader of the parent's."""
    with command_line(of_command):
        return function(*arguments)


def _start_worker() -> None:
    """Limit a worker to one thread, and end it when its parent ends."""
    environment.set_threads(1)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()
