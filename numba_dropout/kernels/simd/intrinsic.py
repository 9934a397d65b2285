"""Intrinsics: LLVM IR if the JIT is enabled, plain Python with the same meaning if it is disabled."""

import functools

from llvmlite import ir
from numba import extending
from numba.core import config

from ...core.identity import identity

__all__ = ["intrinsic"]


def intrinsic(plain, *, outlined=False, **options):
    """Return a decorator of an emitter of IR, which has the signature that Numba's `intrinsic` requires.

    It is no `overload`, which would compile an additional function. A long intrinsic that returns nothing may be
    `outlined`: calls share one function, instead of a copy of the IR at each call.
    """

    def decorate(emitter):
        if config.DISABLE_JIT:
            return plain
        emitter = _outline(plain.__name__, emitter) if outlined else emitter
        return extending.intrinsic(**options)(emitter) if options else extending.intrinsic(emitter)

    return decorate


def _outline(name, emitter):
    """Return an emitter of calls to one function with the IR, which the first call in a module emits."""

    @functools.wraps(emitter)
    def emit(typing_context, *kinds):
        signature, generate = emitter(typing_context, *kinds)

        def call(context, builder, signature, arguments):
            symbol = f"numba_dropout.{name}.{identity(emitter)}({', '.join(map(str, signature.args))})"
            function = builder.module.globals.get(symbol)
            if function is None:
                kind = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
                function = ir.Function(builder.module, kind, symbol)
                function.linkage = "linkonce_odr"  # linked modules keep one copy
                function.attributes.add("noinline")
                inner = ir.IRBuilder(function.append_basic_block("entry"))
                generate(context, inner, signature, function.args)
                inner.ret_void()
            builder.call(function, arguments)
            return context.get_dummy_value()

        return signature, call

    return emit
