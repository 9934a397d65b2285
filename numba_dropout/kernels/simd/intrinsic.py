"""What a building block is: LLVM IR where the JIT is on, plain Python of the same meaning where it is off."""

import functools

from llvmlite import ir
from numba.core import config
from numba.extending import intrinsic

from ...core.identity import identity

__all__ = ["block"]


def block(plain, *, apart=False, **options):
    """Return a decorator that makes a building block of an emitter of IR, which has the form of Numba's `intrinsic`.

    Not an `overload`, which would compile one more function for each. A long block that returns nothing may stand
    `apart`: in one function that is called, instead of once again in each place.
    """

    def choose(emitter):
        if config.DISABLE_JIT:
            return plain
        emitter = _standing_apart(plain.__name__, emitter) if apart else emitter
        return intrinsic(**options)(emitter) if options else intrinsic(emitter)

    return choose


def _standing_apart(name, emitter):
    """Return an emitter of calls to the function that holds the block, which the first of a module's calls emits."""

    @functools.wraps(emitter)
    def emit(typing_context, *kinds):
        signature, generate = emitter(typing_context, *kinds)

        def call(context, builder, signature, arguments):
            symbol = f"numba_dropout.{name}.{identity(emitter)}({', '.join(map(str, signature.args))})"
            function = builder.module.globals.get(symbol)
            if function is None:
                kind = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
                function = ir.Function(builder.module, kind, symbol)
                function.linkage = "linkonce_odr"  # modules that are linked keep one
                function.attributes.add("noinline")
                inner = ir.IRBuilder(function.append_basic_block("entry"))
                generate(context, inner, signature, function.args)
                inner.ret_void()
            builder.call(function, arguments)
            return context.get_dummy_value()

        return signature, call

    return emit
