"""Small arrays of fixed size on the stack: no allocation, and nothing else can point to them.

The second matters as much as the first: LLVM then knows that a store to them changes no other array, and
vectorises the loop around it.
"""

import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.extending import intrinsic, overload

__all__ = ["scratch"]


def scratch(size, dtype):
    """Return an uninitialised array (size,) of a dtype, in the frame when compiled; `size` then is a constant."""
    return np.empty(size, dtype)


@intrinsic(prefer_literal=True)
def _frame(typing_context, size, dtype):
    """Reserve `size` elements in the entry block of the calling function, aligned to a cache line."""
    element = dtype.dtype
    signature = types.CPointer(element)(size, dtype)

    def generate(context, builder, signature, arguments):
        stored = context.get_data_type(element)
        with builder.goto_entry_block():
            memory = builder.alloca(ir.ArrayType(stored, size.literal_value))
            memory.align = 64
        return builder.bitcast(memory, stored.as_pointer())

    return signature, generate


@overload(scratch, prefer_literal=True)
def _scratch(size, dtype):
    if isinstance(size, types.IntegerLiteral):
        return lambda size, dtype: carray(_frame(size, dtype), (size,))
    return None
