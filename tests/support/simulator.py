"""Barriers for Numba's CUDA simulator, which looks at each thread in turn, again and again, until all have come."""

import threading

import numpy as np
from numba.cuda.simulator import kernel


class Left(Exception):
    """Another thread of the block failed."""


class Barrier:
    """Where the threads of a block wait for each other; those that have ended are waited for no more."""

    def __init__(self, threads):
        self.changed = threading.Condition()
        self.running, self.waiting, self.times, self.broken = threads, 0, 0, False

    def wait(self):
        with self.changed:
            now = self.times
            self.waiting += 1
            self._open()
            self.changed.wait_for(lambda: self.times != now or self.broken)
            if self.broken:
                raise Left

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
    """The threads of a block; the first failure is raised, as the simulator does."""

    def run(self, grid_point, *arguments):
        self.barrier = Barrier(int(np.prod(self._block_dim)))
        places = np.ndindex(*self._block_dim)
        threads = [Thread(lambda: self._f(*arguments), self, grid_point, place, self._debug) for place in places]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for thread in threads:
            if thread.exception and not isinstance(thread.exception[0], Left):
                raise thread.exception[0].with_traceback(thread.exception[1])


def use_barriers():
    kernel.BlockManager = Block
