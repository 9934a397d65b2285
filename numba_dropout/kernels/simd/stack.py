"""Small arrays of fixed size on the stack: no allocation, and nothing else can point to them.

The second matters as much as the first: LLVM then knows that a store to them changes no other array, and
vectorises the loop around it.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.np.arrayobj import make_array, populate_array

from .block import block
from .vectors import CACHE_LINE, I8, I64

__all__ = ["scratch"]


def _scratch(size, like):
    """Return an uninitialised flat array of so many bytes, a constant, with the elements of another array."""
    return np.empty(size // like.itemsize, like.dtype)


@block(_scratch, prefer_literal=True)
def scratch(typing_context, size, like):
    """Reserve the bytes in the entry block of the calling function, aligned to a cache line."""
    if not isinstance(size, types.IntegerLiteral):
        return None

    def generate(context, builder, signature, arguments):
        width = context.get_abi_sizeof(context.get_data_type(like.dtype))
        with builder.goto_entry_block():
            memory = builder.alloca(ir.ArrayType(I8, size.literal_value))
            memory.align = CACHE_LINE
        array = make_array(signature.return_type)(context, builder)
        data = builder.bitcast(memory, array.data.type)
        populate_array(array, data, [I64(size.literal_value // width)], [I64(width)], I64(width), meminfo=None)
        return array._getvalue()

    return types.Array(like.dtype, 1, "C")(size, like), generate
