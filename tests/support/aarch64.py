"""Compile building blocks for 64-bit ARM on any machine."""

import pytest
from llvmlite import binding, ir
from numba.core import registry

TRIPLE = "aarch64-unknown-linux-gnu"


def target_machine(cpu):
    """Return LLVM's model of a processor, or skip if LLVM was built without it."""
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    try:
        target = binding.Target.from_triple(TRIPLE)
    except RuntimeError:
        pytest.skip("this LLVM does not know AArch64")
    return target.create_target_machine(cpu=cpu, features="+neon", opt=3, reloc="pic")


def compiled(machine, kinds, emit):
    """Return the optimised function `block` for arguments of Numba's types, with the body of `emit`.

    `emit(context, builder, values)` makes the body. Arrays are passed by address, as Numba's structures.
    """
    context = registry.cpu_target.target_context
    context.refresh()
    module = ir.Module("aarch64")
    module.triple, module.data_layout = TRIPLE, str(machine.target_data)
    values = [context.get_value_type(kind) for kind in kinds]
    is_array = [isinstance(value, ir.LiteralStructType) for value in values]
    parameters = [value.as_pointer() if array else value for value, array in zip(values, is_array, strict=True)]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), parameters), "block")
    builder = ir.IRBuilder(function.append_basic_block())
    arguments = zip(function.args, is_array, strict=True)
    emit(context, builder, [builder.load(argument) if array else argument for argument, array in arguments])
    builder.ret_void()
    parsed = binding.parse_assembly(str(module))
    parsed.verify()
    passes = binding.create_pass_builder(machine, binding.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(parsed, passes)
    return parsed
