"""What a building block is: LLVM IR where the JIT is on, plain Python of the same meaning where it is off."""

from numba.core import config
from numba.extending import intrinsic

__all__ = ["block"]


def block(plain, **options):
    """Return a decorator that makes a building block of an emitter of IR, which has the form of Numba's `intrinsic`.

    Not an `overload`, which would compile one more function for each.
    """

    def choose(emitter):
        if config.DISABLE_JIT:
            return plain
        return intrinsic(**options)(emitter) if options else intrinsic(emitter)

    return choose
