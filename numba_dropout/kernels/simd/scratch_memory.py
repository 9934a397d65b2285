"""Scratch memory of fixed size for kernels: a few cache lines on the stack, or a slice of the thread's area.

Large arrays are not on the stack because it may be small: `threading.stack_size` sets its size in Python's threads, and
OMP_STACKSIZE in OpenMP's. A thread's first kernel that needs the area allocates it. It is freed when the thread ends.

No other pointer refers to scratch memory, and the IR declares this. LLVM then assumes that a store there changes no
other array, and vectorizes the loop around it.
"""

import ctypes
import os

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils, config
from numba.np.arrayobj import make_array, populate_array

from .half_precision import computed, widened
from .intrinsic import intrinsic
from .vectors import CACHE_LINE, I8, I32, I64

__all__ = ["AREA", "scratch", "scratch_area"]

AREA = 320 * 1024  # bytes of a thread's area
ON_STACK = 2 * 1024  # bytes of an array on the stack, at most
KEY = "numba_dropout_scratch_key"  # the symbol of the thread-specific key of the area
NO_MEMORY = f"numba-dropout: a thread's {AREA // 1024} KiB of scratch memory cannot be allocated\n".encode()

POINTER = I8.as_pointer()


def _create_key():
    """Return the POSIX thread-specific key of areas. An area is freed when its thread ends."""
    libc = ctypes.CDLL(None)
    key = ctypes.c_uint64(0)  # at least as wide as any system's pthread_key_t, with the other bytes 0
    if failed := libc.pthread_key_create(ctypes.byref(key), ctypes.cast(libc.free, ctypes.c_void_p)):
        raise OSError(failed, f"pthread_key_create: {os.strerror(failed)}")
    binding.add_symbol(KEY, ctypes.addressof(key))
    return key


HAS_AREA = os.name == "posix"  # elsewhere all scratch memory is on the stack
_key = _create_key() if HAS_AREA and not config.DISABLE_JIT else None


def _scratch(size, like):
    """Return an uninitialized flat array of `size` bytes, a constant of at most 2 KiB, with the dtype of `like`."""
    return np.empty(size // like.itemsize, like.dtype)


def _scratch_area(size, offset, like):
    """Return an uninitialized flat array of `size` bytes of the thread's area, from byte `offset` on, both constants.

    For half precision the dtype is float32, in which it is computed. Functions that are active at the same time use
    different ranges of the area.
    """
    dtype = widened(like[:0]).dtype
    return np.empty(size // dtype.itemsize, dtype)


@intrinsic(_scratch, prefer_literal=True)
def scratch(typing_context, size, like):
    """Reserve the bytes in the entry block of the calling function, aligned to a cache line."""
    if not isinstance(size, types.IntegerLiteral) or size.literal_value > ON_STACK:
        return None

    def generate(context, builder, signature, arguments):
        return _describe(context, builder, signature.return_type, size.literal_value, _reserve(builder, size))

    return types.Array(like.dtype, 1, "C")(size, like), generate


@intrinsic(_scratch_area, prefer_literal=True)
def scratch_area(typing_context, size, offset, like):
    """Get the thread's area in the entry block of the calling function.

    The calling function is not inlined. If it were inlined twice into one function, LLVM would assume two distinct
    areas, and could move a store to the second before a load from the first.
    """
    if not isinstance(size, types.IntegerLiteral) or not isinstance(offset, types.IntegerLiteral):
        return None
    if offset.literal_value + size.literal_value > AREA or offset.literal_value % CACHE_LINE:
        return None

    def generate(context, builder, signature, arguments):
        if not HAS_AREA:
            memory = _reserve(builder, size)
        else:
            builder.function.attributes.add("noinline")
            with builder.goto_entry_block():
                area = builder.call(_area(builder.module), [])
                memory = builder.gep(area, [I64(offset.literal_value)])
        return _describe(context, builder, signature.return_type, size.literal_value, memory)

    return types.Array(computed(like.dtype), 1, "C")(size, offset, like), generate


def _reserve(builder, size):
    """Reserve bytes on the stack, in the entry block."""
    with builder.goto_entry_block():
        memory = builder.alloca(ir.ArrayType(I8, size.literal_value))
    memory.align = CACHE_LINE
    return memory


def _describe(context, builder, kind, size, memory):
    """Return the array structure of scratch memory."""
    width = context.get_abi_sizeof(context.get_data_type(kind.dtype))
    array = make_array(kind)(context, builder)
    data = builder.bitcast(memory, array.data.type)
    populate_array(array, data, [I64(size // width)], [I64(width)], I64(width), meminfo=None)
    return array._getvalue()


def _area(module):
    """Return a module's function that returns the calling thread's area, and allocates it on the first call.

    If the allocation fails, it ends the process with a message, because an OpenMP thread cannot raise an error.
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
    variable = module.globals.get(KEY) or ir.GlobalVariable(module, I64, KEY)
    allocated = builder.alloca(POINTER)
    key = builder.load(variable)
    area = _call(builder, "pthread_getspecific", POINTER, [key])
    with builder.if_then(cgutils.is_not_null(builder, area), likely=True):
        builder.ret(area)
    failed = cgutils.alloca_once_value(
        builder, _call(builder, "posix_memalign", I32, [allocated, I64(CACHE_LINE), I64(AREA)])
    )
    with builder.if_then(cgutils.is_null(builder, builder.load(failed)), likely=True):
        builder.store(_call(builder, "pthread_setspecific", I32, [key, builder.load(allocated)]), failed)
    with builder.if_then(cgutils.is_not_null(builder, builder.load(failed)), likely=False):
        text = cgutils.global_constant(builder, "numba_dropout.no_memory", cgutils.make_bytearray(NO_MEMORY))
        _call(builder, "write", I64, [I32(2), builder.bitcast(text, POINTER), I64(len(NO_MEMORY))])
        _call(builder, "abort", ir.VoidType(), [])
        builder.unreachable()
    builder.ret(builder.load(allocated))
    return function


def _call(builder, name, result, arguments):
    """Call a C function by its name."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)
