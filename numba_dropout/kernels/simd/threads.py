"""The number of threads that a kernel may use, asked from inside it."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

__all__ = ["threads"]


def threads():
    """Return how many threads `prange` would run on: 1 in a forked process.

    Plain Python takes one part after the other; it says 2, so that it goes the way that several threads go.
    """
    return 2


@intrinsic
def _threads(typing_context):
    """Call the threading layer; Numba's own `get_num_threads` holds an address, which keeps code from being cached."""

    def generate(context, builder, signature, arguments):
        function = ir.FunctionType(ir.IntType(types.intp.bitwidth), [])
        return builder.call(cgutils.get_or_insert_function(builder.module, function, "get_num_threads"), [])

    return types.intp(), generate


@overload(threads)
def _overload_threads():
    return lambda: _threads()
