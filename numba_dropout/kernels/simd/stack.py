"""Small arrays of fixed size on the stack: no allocation, and nothing else can point to them.

The second matters as much as the first: LLVM then knows that a store to them changes no other array, and
vectorises the loop around it.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.np.arrayobj import make_array, populate_array

from .block import block
from .vectors import CACHE_LINE, I64

__all__ = ["scratch"]


def _scratch(size, dtype):
    """Return an uninitialised array (size,) of a dtype, in the frame when compiled; `size` then is a constant."""
    return np.empty(size, dtype)


@block(_scratch, prefer_literal=True)
def scratch(typing_context, size, dtype):
    """Reserve `size` elements in the entry block of the calling function, aligned to a cache line."""
    if not isinstance(size, types.IntegerLiteral):
        return None
    element = dtype.dtype

    def generate(context, builder, signature, arguments):
        stored = context.get_data_type(element)
        with builder.goto_entry_block():
            memory = builder.alloca(ir.ArrayType(stored, size.literal_value))
            memory.align = CACHE_LINE
        array = make_array(signature.return_type)(context, builder)
        width = I64(context.get_abi_sizeof(stored))
        data = builder.bitcast(memory, array.data.type)
        populate_array(array, data, [I64(size.literal_value)], [width], width, meminfo=None)
        return array._getvalue()

    return types.Array(element, 1, "C")(size, dtype), generate
