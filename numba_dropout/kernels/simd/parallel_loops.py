"""Parallel loops: the number of threads of a kernel, and the distribution of its chunks of work.

Numba's `prange` compiles the loop's body into additional functions, again each time it is linked. A direct call of the
threading layer halves the compile time of a kernel.
"""

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils, codegen, config

from .intrinsic import intrinsic
from .vectors import I8, I32, I64, require_contiguous

__all__ = ["parallel", "threads"]

POINTER = I8.as_pointer()


def _threads():
    """Return the number of threads that `parallel` would use: 1 in a forked process.

    Plain Python runs the chunks in sequence, but returns 2 to take the code path of several threads.
    """
    return 2


def parallel(function):
    """Return run(chunks, arguments), which calls function(chunk, *arguments) for chunks 0 .. chunks - 1 on all threads.

    Neighbouring chunks share a thread. One chunk, or one thread, runs in the caller. The function is a `serial_loop`
    that raises nothing and returns nothing. All arguments of kernels pass here, so arrays that are not contiguous are
    rejected here.
    """

    def run(chunks, arguments):
        for chunk in range(chunks):
            function(chunk, *arguments)

    @intrinsic(run)
    def parallel_call(typing_context, chunks, arguments):
        _start_threads()
        require_contiguous(arguments)
        kinds = (types.int64, *arguments.types)
        call_signature = typing_context.resolve_value_type(function).get_call_type(typing_context, kinds, {})

        def generate(context, builder, signature, values):
            _require_threads(context)
            compiled = function.get_compile_result(call_signature)
            context.active_code_library.add_linking_library(compiled.library)
            _emit_parallel_for(
                context, builder, context.declare_function(builder.module, compiled.fndesc), kinds, *values
            )
            return context.get_dummy_value()

        return types.none(types.int64, arguments), generate

    return parallel_call


def _start_threads():
    """Start the threading layer, whose functions must exist before code that calls them is linked."""
    numba.get_num_threads()


def _require_threads(context):
    """Make code that Numba's cache loads from disk start the threading layer first."""
    if _HAS_RELOAD_INIT:
        context.active_code_library._reload_init.add(_start_threads)


# Numba before 0.63 has no such initialization of functions on disk: the layer starts with this import.
_HAS_RELOAD_INIT = hasattr(codegen.CodeLibrary, "_reload_init")
if not _HAS_RELOAD_INIT and not config.DISABLE_JIT:
    _start_threads()


def _thread_count(builder):
    """Emit the call that returns the threading layer's number of threads."""
    kind = ir.FunctionType(I64, [])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, "get_num_threads"), [])


@intrinsic(_threads)
def threads(typing_context):
    """Call the threading layer. Numba's `get_num_threads` holds an address, which prevents caching."""
    _start_threads()

    def generate(context, builder, signature, arguments):
        _require_threads(context)
        return _thread_count(builder)

    return types.int64(), generate


def _emit_parallel_for(context, builder, target, kinds, chunks, arguments):
    """Emit a function for a range of chunks, and pass it to the threading layer with the arguments' address."""
    # void (char **args, size_t *dims, size_t *steps, void *data): dims[0] chunks, from (size_t)args[0] on
    kind = ir.FunctionType(ir.VoidType(), [POINTER.as_pointer(), I64.as_pointer(), I64.as_pointer(), POINTER])
    loop = ir.Function(builder.module, kind, builder.module.get_unique_name("chunks"))
    loop.linkage = "internal"
    inner = ir.IRBuilder(loop.append_basic_block())
    first = inner.ptrtoint(inner.load(loop.args[0]), I64)
    loaded = inner.load(inner.bitcast(loop.args[3], arguments.type.as_pointer()))
    with cgutils.for_range(inner, inner.load(loop.args[1]), intp=I64) as iteration:
        values = [inner.add(first, iteration.index), *cgutils.unpack_tuple(inner, loaded, len(kinds) - 1)]
        context.call_conv.call_function(inner, target, types.none, kinds, values)
    inner.ret_void()

    # one array "argument" at address 0 with a step of 1 byte: its address is the chunk's index
    begin = cgutils.alloca_once_value(builder, ir.Constant(POINTER, None))
    count = cgutils.alloca_once_value(builder, chunks)
    step = cgutils.alloca_once_value(builder, I64(1))
    data = builder.bitcast(cgutils.alloca_once_value(builder, arguments), POINTER)
    thread_count = _thread_count(builder)
    conditions = [builder.icmp_signed(">", value, I64(1)) for value in (chunks, thread_count)]
    with builder.if_else(builder.and_(*conditions)) as (yes, no):
        with yes:
            call_arguments = [builder.bitcast(loop, POINTER), begin, count, step, data, I64(0), I64(1)]
            call_arguments.append(builder.trunc(thread_count, I32))
            kind = ir.FunctionType(ir.VoidType(), [value.type for value in call_arguments])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "numba_parallel_for"), call_arguments)
        with no:
            builder.call(loop, [begin, count, step, data])
