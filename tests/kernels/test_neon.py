"""NEON: LLVM's code for the building blocks on AArch64. `test_neon_runs.py` runs it."""

import re

import pytest
from aarch64 import compiled, target_machine
from llvmlite import binding, ir
from numba import types

from numba_dropout.kernels.simd import gemm, half_precision, masked_store, philox_mask
from numba_dropout.kernels.simd.half_precision import BFLOAT16, FLOAT16
from numba_dropout.kernels.simd.registers import tile_for

pytestmark = pytest.mark.jit_only

CALLED = re.compile(r"\bbl\s+(?!\"numba_dropout)(\S+)")  # except for blocks in separate functions


@pytest.fixture(scope="module", params=["cortex-a76", "generic", "apple-m1"])
def machine(request):
    return target_machine(request.param)


def assembly(machine, kinds, emit):
    return machine.emit_assembly(compiled(machine, kinds, emit))


def loops(code):
    """Return the innermost loops as lists of instructions: from a label to the branch back, without other labels."""
    lines = [line.split("//")[0].strip() for line in code.splitlines()]
    result = []
    for number, line in enumerate(lines):
        target = re.match(r"(?:b\.\w+|cbn?z\s+\w+,|tbn?z\s+\w+,\s*#\d+,)\s*(\.LBB\w+)$", line)
        if target and f"{target[1]}:" in lines[:number]:
            body = lines[lines.index(f"{target[1]}:") + 1 : number + 1]
            if not any(text.endswith(":") for text in body):
                result.append(body)
    return result


def multiply_adds(loop):
    return [line for line in loop if re.match(r"fmla\s+v\d+\.(4s|2d),", line)]


@pytest.mark.parametrize("element", [types.float32, types.float64])
@pytest.mark.parametrize("layout", ["A", "F"])
def test_tiles_stay_in_registers(layout, element, machine):
    kinds = [types.Array(element, 2, "A"), types.Array(element, 2, layout), types.Array(element, 3, "C"), types.boolean]
    tile = tile_for("+neon", "aarch64")
    code = assembly(machine, kinds, lambda *values: gemm.emit_tiles(*values[:2], tile, kinds, values[2]))
    inner = [loop for loop in loops(code) if multiply_adds(loop)]
    sizes = {tile.rows * count * turns for count in range(1, tile.vectors + 1) for turns in (1, tile.turns)}
    assert sorted(len(multiply_adds(loop)) for loop in inner) == sorted(sizes)
    for loop in inner:
        assert not [line for line in loop if re.search(r"\bsp\b", line) or line.startswith("st")], "sums are spilled"
        assert len(loop) < 2.2 * len(multiply_adds(loop)) + 8
    assert not CALLED.findall(code)


def block_code(machine, block, kinds):
    """Return AArch64 code for a building block. The code stores the block's result."""
    signature, generate = block._defn(None, *kinds)

    def emit(context, builder, values):
        result = generate(context, builder, signature, values)
        if signature.return_type != types.none:
            kept = ir.GlobalVariable(builder.module, result.type, "result")
            builder.store(result, kept)

    return assembly(machine, signature.args, emit)


@pytest.mark.skipif(binding.llvm_version_info < (16,), reason="LLVM 15 does not see that the factors are half as wide")
def test_random_numbers_use_widening_multiplies(machine, monkeypatch):
    monkeypatch.setattr(philox_mask, "AVX512", False)
    code = block_code(machine, philox_mask.draw, [types.uint64] * 6)
    wide = re.findall(r"umu?[lt]\w*2?\s+v\d+\.2d, v\d+\.[24]s, v\d+\.[24]s", code)
    assert len(wide) >= 10 * 2 * 4 - 8  # rounds, products, vectors of two; the first has constant products
    assert not re.findall(r"\bmul\s+v\d+\.2d", code)
    assert not re.findall(r"\b(?:mul|madd|umulh)\s+x\d+", code)
    assert not CALLED.findall(code)


@pytest.mark.parametrize("element", [types.float32, types.float64, FLOAT16, BFLOAT16])
@pytest.mark.parametrize("name", ["store_kept", "store_relu_kept", "store_kept_past_caches", "store_affine_kept"])
def test_masked_stores_use_vectors(name, element, machine):
    array = types.Array(element, 1, "C")
    number = half_precision.computed(element)
    numbers = [number] * (3 if name == "store_affine_kept" else 1)
    kinds = [array, array, types.int64, types.uint64, types.uint64, *numbers]
    code = block_code(machine, getattr(masked_store, name), kinds)
    arrangement = "4s" if number == types.float32 else "2d"
    groups = philox_mask.LANES * number.bitwidth // 128
    assert len(re.findall(rf"fmul\s+v\d+\.{arrangement}", code)) >= groups
    assert ("stnp" in code) == (name == "store_kept_past_caches")
    assert ("fcvtn" in code) == (element == FLOAT16 and half_precision.NATIVE)
    assert not CALLED.findall(code)


def test_other_blocks_compile(machine):
    matrix, flags = types.Array(types.float32, 2, "A"), types.Array(types.boolean, 1, "C")
    panels = types.Array(types.float32, 3, "C")
    for block, kinds in (
        (philox_mask.store_bytes, [flags, types.int64, types.uint64]),
        (philox_mask.load_bytes, [flags, types.int64]),
        (gemm.pack_columns, [panels, matrix]),
        (gemm.pack_rows, [panels, matrix]),
    ):
        assert not CALLED.findall(block_code(machine, block, kinds))
    assert "dmb" in block_code(machine, masked_store.fence, [])
