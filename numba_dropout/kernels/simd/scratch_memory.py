"""Scratch memory of fixed size for kernels: a few cache lines on the stack, or a part of the thread's own area.

Large arrays are kept off the stack because a thread's stack may be small: Python's threads have what
`threading.stack_size` sets, OpenMP's what OMP_STACKSIZE sets. The area is allocated by a thread's first kernel that
needs it, and freed when the thread ends.

Nothing else points to scratch memory, and LLVM is told so: it then knows that a store there changes no other array, and
vectorises the loop around it.
"""

import ctypes
import os

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils, config
from numba.np.arrayobj import make_array, populate_array

from .intrinsic import block
from .vectors import CACHE_LINE, I8, I32, I64

__all__ = ["AREA", "scratch", "scratch_area"]

AREA = 320 * 1024  # bytes of a thread's area
ON_STACK = 2 * 1024  # bytes of an array on the stack, at most
KEY = "numba_dropout_scratch_key"  # the symbol of the number by which a thread finds its area
NO_MEMORY = f"numba-dropout: a thread's {AREA // 1024} KiB of scratch memory cannot be allocated\n".encode()

POINTER = I8.as_pointer()


def _create_key():
    """Return the POSIX thread-specific key of areas, which are freed when their thread ends."""
    libc = ctypes.CDLL(None)
    key = ctypes.c_uint64(0)  # wide enough for every system's pthread_key_t, the rest of which stays 0
    if failed := libc.pthread_key_create(ctypes.byref(key), ctypes.cast(libc.free, ctypes.c_void_p)):
        raise OSError(failed, f"pthread_key_create: {os.strerror(failed)}")
    binding.add_symbol(KEY, ctypes.addressof(key))
    return key


HAS_AREA = os.name == "posix"  # elsewhere all scratch memory is on the stack
_key = _create_key() if HAS_AREA and not config.DISABLE_JIT else None


def _scratch(size, like):
    """Return an uninitialised flat array of `size` bytes, a constant of at most 2 KiB, with another's elements."""
    return np.empty(size // like.itemsize, like.dtype)


def _scratch_area(size, begin, like):
    """Return an uninitialised flat array of `size` bytes of the thread's area, from byte `begin` on, both constants.

    Functions that are active at the same time take different parts of the area.
    """
    return np.empty(size // like.itemsize, like.dtype)


@block(_scratch, prefer_literal=True)
def scratch(typing_context, size, like):
    """Reserve the bytes in the entry block of the calling function, aligned to a cache line."""
    if not isinstance(size, types.IntegerLiteral) or size.literal_value > ON_STACK:
        return None

    def generate(context, builder, signature, arguments):
        return _described(context, builder, signature.return_type, size.literal_value, _reserved(builder, size))

    return types.Array(like.dtype, 1, "C")(size, like), generate


@block(_scratch_area, prefer_literal=True)
def scratch_area(typing_context, size, begin, like):
    """Find the thread's area in the entry block of the calling function.

    The function is not inlined: in one that called it twice, LLVM would take the second area for another than the
    first, and could move a store to it before a load from the first.
    """
    if not isinstance(size, types.IntegerLiteral) or not isinstance(begin, types.IntegerLiteral):
        return None
    if begin.literal_value + size.literal_value > AREA or begin.literal_value % CACHE_LINE:
        return None

    def generate(context, builder, signature, arguments):
        if not HAS_AREA:
            place = _reserved(builder, size)
        else:
            builder.function.attributes.add("noinline")
            with builder.goto_entry_block():
                area = builder.call(_area(builder.module), [])
                place = builder.gep(area, [I64(begin.literal_value)])
        return _described(context, builder, signature.return_type, size.literal_value, place)

    return types.Array(like.dtype, 1, "C")(size, begin, like), generate


def _reserved(builder, size):
    with builder.goto_entry_block():
        memory = builder.alloca(ir.ArrayType(I8, size.literal_value))
    memory.align = CACHE_LINE
    return memory


def _described(context, builder, kind, size, place):
    width = context.get_abi_sizeof(context.get_data_type(kind.dtype))
    array = make_array(kind)(context, builder)
    data = builder.bitcast(place, array.data.type)
    populate_array(array, data, [I64(size // width)], [I64(width)], I64(width), meminfo=None)
    return array._getvalue()


def _area(module):
    """Return a module's function that returns the calling thread's area, and allocates it the first time.

    Without memory there is no way to go on, and none to raise an error from a thread of OpenMP's: it ends the process
    with a message.
    """
    symbol = "numba_dropout.scratch_area"
    function = module.globals.get(symbol)
    if function is not None:
        return function
    function = ir.Function(module, ir.FunctionType(POINTER, []), symbol)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.return_value.add_attribute("noalias")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    stored = module.globals.get(KEY) or ir.GlobalVariable(module, I64, KEY)
    found = builder.alloca(POINTER)
    key = builder.load(stored)
    area = _call(builder, "pthread_getspecific", POINTER, [key])
    with builder.if_then(cgutils.is_not_null(builder, area), likely=True):
        builder.ret(area)
    failed = cgutils.alloca_once_value(
        builder, _call(builder, "posix_memalign", I32, [found, I64(CACHE_LINE), I64(AREA)])
    )
    with builder.if_then(cgutils.is_null(builder, builder.load(failed)), likely=True):
        builder.store(_call(builder, "pthread_setspecific", I32, [key, builder.load(found)]), failed)
    with builder.if_then(cgutils.is_not_null(builder, builder.load(failed)), likely=False):
        text = cgutils.global_constant(builder, "numba_dropout.no_memory", cgutils.make_bytearray(NO_MEMORY))
        _call(builder, "write", I64, [I32(2), builder.bitcast(text, POINTER), I64(len(NO_MEMORY))])
        _call(builder, "abort", ir.VoidType(), [])
        builder.unreachable()
    builder.ret(builder.load(found))
    return function


def _call(builder, name, result, arguments):
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)
