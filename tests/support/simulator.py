"""Barriers for Numba's CUDA simulator, instead of its repeated checks of each thread."""

import threading

import numpy as np
from numba.cuda.simulator import kernel


class ThreadFailed(Exception):
    """Another thread of the block failed."""


class Barrier:
    """A barrier for the threads of a block. Threads that have ended are not waited for."""

    def __init__(self, threads):
        self.changed = threading.Condition()
        self.running, self.waiting, self.times, self.broken = threads, 0, 0, False

    def wait(self):
        with self.changed:
            current = self.times
            self.waiting += 1
            self._open()
            self.changed.wait_for(lambda: self.times != current or self.broken)
            if self.broken:
                raise ThreadFailed

    def leave(self, failed):
        with self.changed:
            self.running -= 1
            self.broken = self.broken or failed
            self._open()

    def _open(self):
        if self.waiting == self.running or self.broken:
            self.waiting, self.times = 0, self.times + 1
            self.changed.notify_all()


class Thread(kernel.BlockThread):
    """A thread that waits at its block's barrier."""

    def run(self):
        super().run()
        self._manager.barrier.leave(self.exception is not None)

    def syncthreads(self):
        self._manager.barrier.wait()


class Block(kernel.BlockManager):
    """The threads of a block. The first failure is raised, as in Numba's simulator."""

    def run(self, grid_point, *arguments):
        self.barrier = Barrier(int(np.prod(self._block_dim)))
        positions = np.ndindex(*self._block_dim)
        threads = [
            Thread(lambda: self._f(*arguments), self, grid_point, position, self._debug) for position in positions
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for thread in threads:
            if thread.exception and not isinstance(thread.exception[0], ThreadFailed):
                raise thread.exception[0].with_traceback(thread.exception[1])


def use_barriers():
    kernel.BlockManager = Block
