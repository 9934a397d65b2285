"""Calls in processes of their own, of one thread each, that end with the one that started them."""

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
from . import environment

__all__ = ["parallel_map"]

T = TypeVar("T")


def parallel_map(
    function: Callable[..., T],
    calls: Sequence[tuple[Any, ...]],
    jobs: int,
    on_result: Callable[[T], None] = lambda result: None,
) -> list[T]:
    """Return what a function returns for each of some arguments: several calls at once, or one after the other here.

    `on_result` is given each result as it comes.

    Several at once are in processes of one thread each, which are started anew, so that a script which comes here needs
    `if __name__ == "__main__":`. One after the other they are in this process, with all its threads. Raises ValueError
    where a process was ended from outside; KeyboardInterrupt ends all.
    """
    jobs = min(jobs, len(calls))
    found: dict[int, T] = {}
    if jobs <= 1:
        for number, arguments in enumerate(calls):
            found[number] = function(*arguments)
            on_result(found[number])
        return list(found.values())
    before = set(multiprocessing.active_children())
    fresh = multiprocessing.get_context("spawn")  # threads, and CUDA, do not survive a fork
    pool = ProcessPoolExecutor(jobs, fresh, _alone)
    futures: dict[Future[T], int] = {}
    try:
        with _deaf_to_ctrl_c():  # as those that are started then are: this process hears it, and ends them
            for number, arguments in enumerate(calls):
                futures[pool.submit(function, *arguments)] = number
        for future in as_completed(futures):
            found[futures[future]] = future.result()
            on_result(future.result())
        return [found[number] for number in range(len(calls))]
    except BrokenProcessPool:
        raise InputError("a run was ended from outside, perhaps for lack of memory; try fewer jobs") from None
    finally:
        if not all(future.done() for future in futures):
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - before:
                process.terminate()
        pool.shutdown()


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)


def _alone() -> None:
    """Let a process use one thread, as there are others beside it, and end with the one that started it."""
    environment.set_threads(1)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()
