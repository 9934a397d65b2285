"""PTX of the CUDA kernels for real devices. It needs NVIDIA's compiler, but no device."""

import functools
import inspect
import pkgutil
import re
from importlib import import_module, util

import numpy as np
import pytest
from numba import njit, types
from numba.core import config

if config.ENABLE_CUDASIM or config.DISABLE_JIT:
    pytest.skip("nothing is compiled", allow_module_level=True)
if not (util.find_spec("numba_cuda") and util.find_spec("nvidia")):
    pytest.skip("needs the extra [cuda]", allow_module_level=True)

from numba import cuda
from numba.cuda import codegen, dispatcher

from numba_dropout.core.disk_cache import DeviceCache
from numba_dropout.kernels import cuda as kernels
from numba_dropout.kernels.scalar import philox, transcendental
from numba_dropout.kernels.scalar.activations import ACTIVATIONS

CAPABILITIES = [
    pytest.param((7, 5), marks=pytest.mark.full),
    pytest.param((8, 0), marks=pytest.mark.full),
    (9, 0),
    pytest.param((10, 0), marks=pytest.mark.full),
]

U8, F4, B1, I8 = types.uint64, types.float32, types.boolean, types.int64
WHERE = (U8,) * 5  # k0, k1, stream, step, offset


def flat(element):
    return types.Array(element, 1, "C")


def matrix(element):
    return types.Array(element, 2, "C")


AT_A_STEP = (*WHERE[:3], flat(U8), WHERE[4])  # the step in device memory


def dropout(element, where=WHERE):
    return flat(element), flat(element), I8, B1, U8, F4, *where


ROWS = flat(F4), flat(F4), matrix(F4), matrix(F4)
FLOATS = matrix(F4)


def product(*how):
    return FLOATS, FLOATS, I8, B1, B1, types.Tuple(how)


BYTES, MASK, PLACES = flat(types.uint8), flat(B1), flat(I8)


def family(element):
    """Return the signatures of the kernels that exist for each kind of elements."""
    both = flat(element), flat(element)
    return {
        "masked_dropout._MASKED": (I8, *both, I8, MASK, PLACES, I8, F4, F4, F4),
        "masked_dropout._RATED": (I8, *both, I8, MASK, PLACES, I8, flat(F4), PLACES, I8),
        "masked_dropout._PACKED": (*both, BYTES, F4),
        "dropout_rates._DROPOUT": (I8, *both, I8, flat(U8), flat(F4), PLACES, *WHERE),
        "dropout._KERNELS": dropout(element),
        "alpha_dropout._KERNELS": (*both, I8, F4, F4, F4, U8, *WHERE),
        "gaussian_dropout._DROPOUT": (*both, flat(element), I8, F4, *WHERE),
        "gaussian_dropout._NOISE": (*both, flat(element), I8, F4, *WHERE),
        "relu._FORWARD": both,
        "relu._BACKWARD": (*both, flat(element)),
    }


STEP = flat(F4), FLOATS, I8, flat(F4), I8, I8
STEP_STORED = flat(F4), flat(F4), FLOATS, I8, flat(F4), B1
SUMS = flat(types.float64)
PRODUCTS = {
    "linear._FORWARD": product(FLOATS, flat(F4)),
    "linear._INPUT": product(FLOATS, FLOATS, F4),
    "linear._PRODUCT": product(FLOATS, FLOATS),
    "linear._WEIGHT": product(FLOATS),
    "linear_relu_dropout._KERNELS": product(FLOATS, flat(F4), U8, F4, *WHERE),
    "sgd._WEIGHT": product(*STEP),
    "adam._WEIGHT": product(*STEP),
}

TILES = ["float32 128", "float32 64", "tf32 128", "tf32 64", "bf16 128", "bf16 64"]
SMALL_ON_TENSOR_CORES = re.compile("(tf32|bf16) 64")  # left to `full`: large tiles need more registers
SIGNATURES = {
    **{f"{name}.{tile}": signature for name, signature in PRODUCTS.items() for tile in TILES},
    **{f"linear_dropout {name}.float32 128": product(FLOATS, FLOATS, flat(F4), U8, F4, *WHERE) for name in ACTIVATIONS},
    "linear_dropout._multiply": (flat(F4),) * 3,
    "linear._sum_rows": (flat(F4), FLOATS),
    "accumulate._accumulate": (flat(F4), flat(F4)),
    "linear_relu_dropout._KERNELS.float32 128 at a step": product(FLOATS, flat(F4), U8, F4, *AT_A_STEP),
    "linear_relu_dropout._KERNELS.float32 64 at a step": product(FLOATS, flat(F4), U8, F4, *AT_A_STEP),
    "dropout._KERNELS.float32 at a step": dropout(F4, AT_A_STEP),
    "dropout._clear": (flat(F4),),
    "dropout._steps": (I8, flat(F4), flat(F4), I8, I8, U8, F4, *WHERE),
    "_step_state._begin": (flat(I8), flat(U8), flat(F4), flat(I8), flat(I8), FLOATS, I8),
    "_step_state._end": (matrix(types.float64), flat(types.float64), flat(I8)),
    "linear_relu_dropout._derivative": (flat(F4), flat(F4), F4),
    "sgd._STORED": STEP_STORED,
    "adam._STORED": STEP_STORED,
    "mask._sample": (flat(types.boolean), I8, B1, U8, *WHERE),
    "mask._pack": (flat(types.uint8), I8, I8, U8, *WHERE),
    "mask._pack_mask": (BYTES, MASK),
    "mask._unpack": (MASK, BYTES),
    **{
        f"{name}.{kind}": signature
        for kind, element in (("float32", F4), ("float16", types.float16), ("uint16", types.uint16))
        for name, signature in family(element).items()
    },
    "dropout_rates._SAMPLE": (I8, MASK, MASK, I8, flat(U8), flat(U8), PLACES, *WHERE),
    "gaussian_dropout._DROPOUT.float32 at a step": (flat(F4), flat(F4), flat(F4), I8, F4, *AT_A_STEP),
    "dropout_rates._DROPOUT.float32 at a step": (I8, flat(F4), flat(F4), I8, flat(U8), flat(F4), PLACES, *AT_A_STEP),
    "mask._sample at a step": (flat(types.boolean), I8, B1, U8, *AT_A_STEP),
    "gaussian_dropout._DERIVATIVE": (flat(F4), flat(F4), flat(F4), I8, F4, *AT_A_STEP),
    "concrete_dropout._FORWARD": (flat(F4), flat(F4), flat(F4), I8, flat(F4), *WHERE),
    "concrete_dropout._FORWARD at a step": (flat(F4), flat(F4), flat(F4), I8, flat(F4), *AT_A_STEP),
    "concrete_dropout._backward": (flat(F4), SUMS, flat(F4), flat(F4), I8, flat(F4), *WHERE),
    "concrete_dropout._backward at a step": (flat(F4), SUMS, flat(F4), flat(F4), I8, flat(F4), *AT_A_STEP),
    "concrete_dropout._finish": (flat(F4), SUMS, I8),
    "concrete_dropout._regularize": (flat(F4), SUMS, I8, I8, flat(F4), flat(F4)),
    "concrete_dropout._hyperparameters": (flat(F4), flat(F4), flat(F4), flat(F4), I8),
    "drop_block._grow": (I8, MASK, MASK, I8, I8, I8, I8),
    "drop_block._count": (flat(F4), MASK, I8),
    "random_bits._bits": (flat(U8), I8, *WHERE),
    "gather._gather": (FLOATS, matrix(types.uint8), flat(I8), flat(types.float64), flat(types.float64)),
    "gather._gather_sparse": (FLOATS, flat(F4), *2 * (flat(types.int32),), flat(I8), *2 * (flat(types.float64),)),
    "gather._gather_values": (flat(I8), flat(I8), flat(I8)),
    "gather._scale": (FLOATS, flat(F4)),
    "reductions._batch_sums": (flat(types.float64), flat(F4), flat(F4)),
    "reductions._squares": (SUMS, flat(F4)),
    "clip_norm._clip": (flat(F4), SUMS, I8, flat(F4)),
    "max_norm._limit": (FLOATS, types.float64),
    **{f"{loss}._forward": (*ROWS, FLOATS) for loss in ("mse", "huber", "absolute", "poisson")},
    "_value_loss._scale": (FLOATS, FLOATS, F4),
    "bce._forward": (*ROWS, FLOATS),
    "bce._backward": (FLOATS, FLOATS, FLOATS, F4),
    "softmax_cross_entropy._forward": (*ROWS, flat(I8)),
    "softmax_cross_entropy._backward": (FLOATS, FLOATS, flat(I8), F4),
}


def device_kernels():
    """Return all kernels by file and name. A table's kernels also have the kind of element or the tile's rows."""
    result = {}
    for module in pkgutil.iter_modules(kernels.__path__):
        for name, value in vars(import_module(f"{kernels.__name__}.{module.name}")).items():
            table = value if isinstance(value, dict) and not name.startswith("__") else {"": value}
            for key, kernel in table.items():
                if isinstance(kernel, dispatcher.CUDADispatcher) and not kernel.targetoptions.get("device"):
                    short = f"{key.precision} {key.rows}" if hasattr(key, "precision") else key
                    result[f"{module.name}.{name}{'.' * bool(key)}{short}"] = kernel
    for name in ACTIVATIONS:
        table = inspect.getclosurevars(kernels.linear_dropout(name)).nonlocals["kernels"]
        result[f"linear_dropout {name}.float32 128"] = next(
            kernel for tile, kernel in table.items() if (tile.precision, tile.rows) == ("float32", 128)
        )
    return result


@functools.cache
def ptx(name, capability):
    return cuda.compile_ptx(
        device_kernels()[name.removesuffix(" at a step")].py_func, types.void(*SIGNATURES[name]), cc=capability
    )[0]


@pytest.fixture(autouse=True)
def device(monkeypatch):
    """Replace the missing device, whose capability numba.cuda asks for."""
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: type("Device", (), {"compute_capability": (9, 0)}))


def test_every_kernel_has_signatures():
    assert set(device_kernels()) == {name.removesuffix(" at a step") for name in SIGNATURES}


def compiled():
    """Return every kernel for every capability. Tensor cores for these precisions need 8.0."""
    for capability in CAPABILITIES:
        (values, marks) = (capability.values[0], capability.marks) if hasattr(capability, "marks") else (capability, ())
        for name in SIGNATURES:
            rare = name.startswith("linear_dropout ") and " gelu." not in name  # the longest activation stands for all
            rare = rare or SMALL_ON_TENSOR_CORES.search(name)
            if values >= (8, 0) or not re.search("tf32|bf16 ", name):
                yield pytest.param(
                    name, values, marks=pytest.mark.full if rare else marks, id="{}-sm_{}{}".format(name, *values)
                )


@pytest.mark.parametrize(("name", "capability"), list(compiled()))
def test_kernels_compile(name, capability):
    code = ptx(name, capability)
    assert ".entry" in code
    assert ".local" not in code  # spilled registers, or arrays with variable indices
    assert not re.search(r"\b(?:div|rem)\.[su]64", code)


@pytest.mark.parametrize("name", ["dropout._KERNELS.float32", "dropout._KERNELS.float16", "dropout._KERNELS.uint16"])
def test_loads_and_stores_of_16_bytes(name):
    code = ptx(name, (9, 0))
    accesses = 2 if name == "dropout._KERNELS.float32" else 1
    for operation in ("ld", "st"):
        assert len(re.findall(rf"{operation}\.global\S*\.v4\.[bfu]32", code)) == accesses


def test_one_store_for_eight_elements_of_a_mask():
    assert len(re.findall(r"st\.global\.v2\.[bu]32|st\.global\.[bu]64", ptx("mask._sample", (9, 0)))) == 1


@pytest.mark.parametrize(
    "name",
    [
        "mask._sample",
        "mask._pack",
        "dropout._KERNELS.float32",
        "random_bits._bits",
        "gaussian_dropout._NOISE.float32",
        "concrete_dropout._FORWARD",
    ],
)
def test_one_instruction_for_a_product_of_words(name):
    code = ptx(name, (9, 0))
    assert len(re.findall(r"mul\.wide\.u32", code)) >= 20
    assert not re.search(r"mul\.(?:lo|hi)\.[su]64", code)


@pytest.mark.parametrize(
    "name", ["random_bits._bits", "softmax_cross_entropy._forward", "bce._forward", "poisson._forward", "adam._STORED"]
)
def test_code_does_not_depend_on_the_cpu_kernels(name):
    """Scalars have a separate body for CUDA: numba-cuda would reuse a body that Numba inlined on the CPU."""

    def code():
        return re.sub(r"\w*numba_dropout\w*|smem_\d+", "", ptx.__wrapped__(name, (9, 0)))  # names are numbered

    expected = code()

    @njit
    def on_the_cpu(word, x):
        return philox.product(word, word), transcendental.exp(x), transcendental.log1p(x), transcendental.sqrt(x)

    assert on_the_cpu(np.uint64(3), np.float32(0)) == (9, 1, 0, 0)
    assert code() == expected


@pytest.mark.parametrize(
    "name", ["gaussian_dropout._DROPOUT.float32", "gaussian_dropout._NOISE.float32", "concrete_dropout._FORWARD"]
)
def test_noise_in_float32(name):
    assert ".f64" not in ptx(name, (9, 0))


PLAIN = [f"{name}.{tile}" for name in PRODUCTS for tile in TILES[:2]]
ON_TENSOR_CORES = [
    pytest.param(f"{name}.{tile}", marks=[pytest.mark.full] if SMALL_ON_TENSOR_CORES.search(tile) else [])
    for name in PRODUCTS
    for tile in TILES[2:]
]


@pytest.mark.parametrize("name", PLAIN)
def test_sums_of_products_in_registers(name):
    """The loop is unrolled for four depths: 64 multiply-adds of each, on four loads of 16 bytes."""
    code = ptx(name, (9, 0))
    assert len(re.findall(r"fma\.rn\.f32", code)) >= 256
    assert len(re.findall(r"ld\.shared\.v4\.[bf]32", code)) == 16
    assert re.findall(r"\.shared \.align (\d+)", code) == ["16"]


@pytest.mark.parametrize("name", ON_TENSOR_CORES)
def test_products_on_tensor_cores(name):
    """16 words of the depth take two instructions for each 16 x 8 sums of a warp. No word is rounded twice."""
    code = ptx(name, (9, 0))
    precision, _, rows = name.rpartition(".")[2].partition(" ")
    instructions = re.findall(rf"mma\.sync\.aligned\.m16n8k\d+\.row\.col\.f32\.{precision}", code)
    assert len(instructions) in (
        {"128": 16, "64": 8}[rows],
        {"128": 32, "64": 16}[rows],
    )  # the loop, or both of its iterations
    assert "fma.rn.f32" not in code.partition("mma.sync")[2].rpartition("mma.sync")[0]


class Codegen:
    """Replace numba-cuda's code generator, which asks a device."""

    def magic_tuple(self):
        return "sm_90"


def test_kernels_have_separate_cache_entries(tmp_path):
    caches = {name: DeviceCache(kernel.py_func, tmp_path) for name, kernel in device_kernels().items()}
    files = {cache._file(SIGNATURES["relu._FORWARD.float32"], Codegen()) for cache in caches.values()}
    assert len(files) == len(caches)


def test_cached_kernel_is_equal(tmp_path, monkeypatch):
    kernel = device_kernels()["relu._FORWARD.float32"]
    monkeypatch.setattr(codegen.CUDACodeLibrary, "_ensure_cc", lambda self, cc: cc or (9, 0))
    monkeypatch.setattr(dispatcher._Kernel, "codegen", Codegen(), raising=False)
    compiled = dispatcher._Kernel(kernel.py_func, SIGNATURES["relu._FORWARD.float32"], **kernel.targetoptions)
    cache = DeviceCache(kernel.py_func, tmp_path)
    context = type("Context", (), {"codegen": staticmethod(Codegen), "refresh": lambda: None})
    assert cache.load_overload(compiled.signature.args, context) is None
    cache.save_overload(compiled.signature.args, compiled)
    loaded = cache.load_overload(compiled.signature.args, context)
    assert loaded.entry_name == compiled.entry_name
    assert loaded._codelibrary.get_asm_str(cc=(9, 0)) == compiled._codelibrary.get_asm_str(cc=(9, 0))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert cache.load_overload(compiled.signature.args, context) is None
