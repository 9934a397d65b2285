"""Threads: how many a kernel may use, and the parts of its work handed to them.

Numba's `prange` compiles the loop's body into functions of its own, once more each time it is linked; calling the
threading layer directly halves the time that a kernel takes to compile.
"""

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils, codegen, config

from .intrinsic import block
from .vectors import I8, I32, I64, refuse_gaps

__all__ = ["parallel", "threads"]

POINTER = I8.as_pointer()


def _threads():
    """Return how many threads `parallel` would run on: 1 in a forked process.

    Plain Python takes one part after the other; it says 2, so that it goes the way that several threads go.
    """
    return 2


def parallel(function):
    """Return run(parts, arguments), which calls function(part, *arguments) for all parts from 0 on, on all threads.

    Neighbouring parts share a thread; one part, or one thread, starts nothing. The function is a `serial_loop`, which
    raises nothing and returns nothing. Its arrays are contiguous: others are refused here, where all arguments of
    kernels come by.
    """

    def run(parts, arguments):
        for part in range(parts):
            function(part, *arguments)

    @block(run)
    def emitted(typing_context, parts, arguments):
        _launch()
        refuse_gaps(arguments)
        kinds = (types.int64, *arguments.types)
        called = typing_context.resolve_value_type(function).get_call_type(typing_context, kinds, {})

        def generate(context, builder, signature, values):
            _needs_threads(context)
            compiled = function.get_compile_result(called)
            context.active_code_library.add_linking_library(compiled.library)
            _hand_out(context, builder, context.declare_function(builder.module, compiled.fndesc), kinds, *values)
            return context.get_dummy_value()

        return types.none(types.int64, arguments), generate

    return emitted


def _launch():
    """Start the threading layer, whose functions must be there before code that calls them is linked."""
    numba.get_num_threads()


def _needs_threads(context):
    """Let code that Numba's own cache brings back from disk start the threading layer first."""
    if _TOLD:
        context.active_code_library._reload_init.add(_launch)


# Numba before 0.63 does not ask a function on disk what it needs: there the layer starts with this import.
_TOLD = hasattr(codegen.CodeLibrary, "_reload_init")
if not _TOLD and not config.DISABLE_JIT:
    _launch()


def _number_of_threads(builder):
    kind = ir.FunctionType(I64, [])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, "get_num_threads"), [])


@block(_threads)
def threads(typing_context):
    """Call the threading layer; Numba's own `get_num_threads` holds an address, which keeps code from being cached."""
    _launch()

    def generate(context, builder, signature, arguments):
        _needs_threads(context)
        return _number_of_threads(builder)

    return types.int64(), generate


def _hand_out(context, builder, target, kinds, parts, arguments):
    """Emit a function for some of the parts, and hand it to the threading layer with the arguments' address."""
    # void (char **args, size_t *dims, size_t *steps, void *data): dims[0] parts, from (size_t)args[0] on
    kind = ir.FunctionType(ir.VoidType(), [POINTER.as_pointer(), I64.as_pointer(), I64.as_pointer(), POINTER])
    loop = ir.Function(builder.module, kind, builder.module.get_unique_name("parts"))
    loop.linkage = "internal"
    inner = ir.IRBuilder(loop.append_basic_block())
    first = inner.ptrtoint(inner.load(loop.args[0]), I64)
    given = inner.load(inner.bitcast(loop.args[3], arguments.type.as_pointer()))
    with cgutils.for_range(inner, inner.load(loop.args[1]), intp=I64) as each:
        values = [inner.add(first, each.index), *cgutils.unpack_tuple(inner, given, len(kinds) - 1)]
        context.call_conv.call_function(inner, target, types.none, kinds, values)
    inner.ret_void()

    # one array "argument" that begins at address 0 and steps by 1: its address is the number of the part
    begin = cgutils.alloca_once_value(builder, ir.Constant(POINTER, None))
    count = cgutils.alloca_once_value(builder, parts)
    step = cgutils.alloca_once_value(builder, I64(1))
    data = builder.bitcast(cgutils.alloca_once_value(builder, arguments), POINTER)
    number = _number_of_threads(builder)
    several = [builder.icmp_signed(">", value, I64(1)) for value in (parts, number)]
    with builder.if_else(builder.and_(*several)) as (yes, no):
        with yes:
            sent = [builder.bitcast(loop, POINTER), begin, count, step, data, I64(0), I64(1)]
            sent.append(builder.trunc(number, I32))
            kind = ir.FunctionType(ir.VoidType(), [value.type for value in sent])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "numba_parallel_for"), sent)
        with no:
            builder.call(loop, [begin, count, step, data])
