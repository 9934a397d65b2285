"""float16 and bfloat16 in all operations that take them: computed in float32 and rounded once."""

import numpy as np
import pytest
from floats import same_bits
from operations import OPERATIONS

import numba_dropout as nd

FULL_PRECISION_ONLY = ("concrete_dropout", "dropconnect", "linear", "sample_mask")
NAMES = [name for name in OPERATIONS if not name.startswith(FULL_PRECISION_ONLY)]
SIZE = 48
AT = {"seed": 5, "stream": 2, "step": 3, "offset": 11}
IN_FULL_PRECISION = {
    "concrete_dropout": lambda x: nd.concrete_dropout(x, 0.4, **AT),
    "linear": lambda x: nd.linear(x, x),
    "dropconnect": lambda x: nd.dropconnect(x, x, None, 0.4, **AT),
    "linear_dropout": lambda x: nd.linear_dropout(x, x, None, 0.4, **AT),
    "linear_relu_dropout": lambda x: nd.linear_relu_dropout(x, x, None, 0.4, **AT),
}

pytestmark = pytest.mark.filterwarnings("ignore:(invalid value|overflow) encountered:RuntimeWarning")


@pytest.fixture(params=[pytest.param("float16", marks=pytest.mark.compiles_long), "bfloat16"])
def dtype(request):
    if request.param == "float16":
        return np.dtype(np.float16)
    return np.dtype(pytest.importorskip("ml_dtypes", reason="needs ml_dtypes").bfloat16)


def special_numbers(shape, dtype, rng):
    """Return numbers of all sizes, with -0, subnormal, the largest and infinite ones, and NaN, among them."""
    x = (rng.standard_normal(shape) * 10.0 ** rng.integers(-8, 5, shape)).astype(dtype)
    flat = x.reshape(-1)
    largest, smallest = (np.array([bits], np.int16).view(dtype)[0] for bits in (0x7BFF, 1))
    few = [-0.0, smallest, -smallest, largest, -largest, np.inf, -np.inf, np.nan, largest]
    flat[: len(few)] = np.array(few, np.float32).astype(dtype)[: flat.size]
    rng.shuffle(flat)
    return x


def operands(name, dtype, size, rng):
    return [special_numbers(shape, dtype, rng) for shape in OPERATIONS[name].inputs(size)]


def rounded_once(name, inputs):
    """Return the result in float32, rounded to the dtype of the inputs."""
    y = OPERATIONS[name].call(*(x.astype(np.float32) for x in inputs), out=None)
    return y.astype(inputs[0].dtype)


def same_numbers(result, expected):
    """Compare bit for bit, except for the payload of NaN."""
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    nan = np.isnan(expected.astype(np.float32))
    assert np.array_equal(np.isnan(result.astype(np.float32)), nan)
    return same_bits(np.where(nan, 0, result.view(np.int16)), np.where(nan, 0, expected.view(np.int16)))


@pytest.mark.parametrize("name", NAMES)
def test_values(name, dtype, rng):
    for size in (1, SIZE, 203):
        inputs = operands(name, dtype, size, rng)
        before = [x.copy() for x in inputs]
        expected = rounded_once(name, inputs)
        assert same_numbers(OPERATIONS[name].call(*inputs, out=None), expected)
        out = np.ones(expected.shape, dtype)
        assert OPERATIONS[name].call(*inputs, out=out) is out
        assert same_numbers(out, expected)
        assert all(map(same_bits, inputs, before))
        assert OPERATIONS[name].call(*inputs, out=inputs[0]) is inputs[0]
        assert same_numbers(inputs[0], expected)


@pytest.mark.parametrize("name", NAMES)
def test_zero_size(name, dtype, rng):
    result = OPERATIONS[name].call(*operands(name, dtype, 0, rng), out=None)
    assert (result.dtype, result.size) == (dtype, 0)


def in_fortran_order(shape, dtype):
    return np.zeros(shape, dtype, order="F")


def in_reverse(shape, dtype):
    return np.zeros(shape, dtype)[(slice(None, None, -1),) * len(shape)]


def strided(shape, dtype):
    return np.zeros([3 * n for n in shape], dtype)[(slice(1, None, 3),) * len(shape)]


def unaligned(shape, dtype):
    return np.frombuffer(bytearray(int(np.prod(shape)) * dtype.itemsize + 1), dtype, offset=1).reshape(shape)


@pytest.mark.parametrize("layout", [in_fortran_order, in_reverse, strided, unaligned])
@pytest.mark.parametrize("name", NAMES)
def test_layouts(name, layout, dtype, rng):
    inputs = operands(name, dtype, SIZE, rng)
    expected = rounded_once(name, inputs)
    copies = [layout(x.shape, dtype) for x in inputs]
    for copy, x in zip(copies, inputs, strict=True):
        copy.view(np.int16)[...] = x.view(np.int16)
        copy.flags.writeable = False
    out = layout(expected.shape, dtype)
    assert OPERATIONS[name].call(*copies, out=out) is out
    assert same_numbers(out.copy(order="C"), expected)


@pytest.mark.parametrize("name", [name for name in NAMES if len(OPERATIONS[name].inputs(1)[0]) == 1])
def test_scalars(name, dtype):
    shapes = OPERATIONS[name].inputs(1)
    if "rates" in name:
        pytest.skip("rates are for arrays")
    inputs = [np.array(1.5, np.float32).astype(dtype) for _ in shapes]
    result = OPERATIONS[name].call(*inputs, out=None)
    assert same_numbers(result, rounded_once(name, inputs))


def test_offsets_and_addresses(dtype, rng):
    """Inputs and outputs start at any element of a cache line. Memory around the output does not change."""
    x = special_numbers(201, dtype, rng)
    memory = np.zeros((2, 512), np.int16)
    for start, offset in ((0, 0), (1, 3), (5, 2**40 + 7), (31, 62)):
        for target in (0, 1, 17, 31):
            memory[:] = 99
            inp = memory[0, start : start + 201].view(dtype)
            out = memory[1, 64 + target : 265 + target]
            inp[:] = x
            nd.dropout(inp, 0.3, seed=1, offset=offset, out=out.view(dtype))
            expected = nd.dropout(x.astype(np.float32), 0.3, seed=1, offset=offset).astype(dtype)
            assert same_numbers(out.view(dtype), expected)
            assert (memory[1, : 64 + target] == 99).all()
            assert (memory[1, 265 + target :] == 99).all()


def test_shifted_overlap(dtype, rng):
    memory = special_numbers(100, dtype, rng)
    expected = rounded_once("relu", [memory[:-1]])
    nd.relu(memory[:-1], out=memory[1:])
    assert same_numbers(memory[1:], expected)


@pytest.mark.jit_only
def test_outputs_larger_than_the_caches(dtype, rng):
    """Their stores bypass the caches and are aligned to cache lines, except for the first elements."""
    n = 2**24 + 77
    x, y = (memory[1:] for memory in np.ones((2, n + 1), np.int16).view(dtype))
    x[:] = rng.standard_normal(1000).astype(dtype)[np.arange(n) % 1000]
    nd.dropout(x, 0.25, seed=4, offset=5, out=y)
    expected = nd.dropout(x.astype(np.float32), 0.25, seed=4, offset=5).astype(dtype)
    assert same_bits(y, expected)


@pytest.mark.parametrize("name", IN_FULL_PRECISION)
def test_operations_in_full_precision_only(name, dtype):
    with pytest.raises(TypeError, match=rf"^x: expected an array of float32 or float64, got {dtype}$"):
        IN_FULL_PRECISION[name](np.ones((3, 3), dtype))


def test_networks_refuse_half_precision(dtype):
    with pytest.raises(
        TypeError, match=rf"^x: expected an array of numbers, float32, float64 or integers, got {dtype}$"
    ):
        nd.MLP([3, 2]).predict(np.ones((4, 3), dtype))


@pytest.mark.parametrize("wrong", [np.int16, np.uint16, np.complex64, np.bool_, ">f2", "U3", "O"], ids=str)
def test_other_dtypes(wrong, dtype):
    found = np.dtype(wrong)
    x, y = np.ones(3, found), np.ones(3, dtype)
    names = "float32, float64, float16 or bfloat16"
    with pytest.raises(TypeError, match=rf"^x: expected an array of {names}, got {found}$"):
        nd.dropout(x, seed=1)
    with pytest.raises(TypeError, match=rf"^dy: expected an array of {names}, got {found}$"):
        nd.relu_backward(x, x)
    with pytest.raises(TypeError, match=rf"^y: expected an array of {names}, got {found}$"):
        nd.relu_backward(y, x)
    with pytest.raises(TypeError, match=rf"^out: expected dtype {dtype}, got {found}$"):
        nd.relu(y, out=x)


def test_mixed_dtypes(dtype):
    x, y = np.ones(3, np.float32), np.ones(3, dtype)
    with pytest.raises(TypeError, match=rf"^y: expected dtype float32 like the first argument, got {dtype}$"):
        nd.relu_backward(x, y)
    with pytest.raises(TypeError, match=rf"^y: expected dtype {dtype} like the first argument, got float32$"):
        nd.relu_backward(y, x)
    with pytest.raises(TypeError, match=rf"^out: expected dtype float32, got {dtype}$"):
        nd.gaussian_dropout(x, seed=1, out=y)
    with pytest.raises(TypeError, match=rf"^out: expected dtype {dtype}, got float32$"):
        nd.alpha_dropout(y, seed=1, out=x)


# ---------------------------------------------------------------- other libraries


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_pytorch(kind, rng):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    x = torch.tensor(rng.standard_normal((5, 7))).to(getattr(torch, kind))
    for function in (nd.relu, lambda x, out=None: nd.dropout(x, 0.3, **AT, out=out)):
        expected = torch.from_numpy(np.asarray(function(x.float().numpy()))).to(x.dtype)
        for tensor in (x, x.T.contiguous().T):
            y = function(tensor)
            assert (type(y), y.dtype) == (torch.Tensor, x.dtype)
            assert torch.equal(y, expected)
            out = torch.zeros(7, 5, dtype=x.dtype).T
            assert function(tensor, out=out) is out
            assert torch.equal(out, expected)
    inplace = x.clone()
    assert nd.relu(inplace, out=inplace) is inplace
    assert torch.equal(inplace, x.relu())
    assert nd.relu(x[0, 0]).shape == ()
    assert nd.relu(x[:0]).shape == (0, 7)
    assert nd.dropout(x, training=False).data_ptr() != x.data_ptr()
    assert torch.equal(nd.dropout(x, training=False), x)
    assert not nd.dropout(x, 1.0, seed=1).any()
    with pytest.raises(TypeError, match=r"^x: .*requires.grad"):
        nd.relu(x.clone().requires_grad_())
    with pytest.raises(TypeError, match=r"^out: .*requires.grad"):
        nd.relu(x, out=x.clone().requires_grad_())
    with pytest.raises(TypeError, match=rf"^out: expected dtype {kind}, got float32$"):
        nd.relu(x, out=x.float())
    with pytest.raises(TypeError, match=rf"^out: expected dtype float32, got {kind}$"):
        nd.relu(x.float(), out=x)
    with pytest.raises(TypeError, match=rf"^x: expected an array of float32 or float64, got {kind}$"):
        nd.linear(x, x)
    with pytest.raises(TypeError, match=r"^x: expected an array of .*, got float8_e4m3fn$"):
        nd.relu(x.to(torch.float8_e4m3fn))
    with pytest.raises(TypeError, match=rf"^x: expected an array of numbers, .*, got {kind}$"):
        nd.MLP([7, 2]).predict(x)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_jax(kind, rng):
    jax = pytest.importorskip("jax", reason="needs JAX")
    x = jax.numpy.asarray(rng.standard_normal((5, 7)).astype(np.float32)).astype(kind)
    for function in (nd.relu, lambda x: nd.dropout(x, 0.3, **AT), lambda x: nd.gaussian_dropout(x, 0.3, **AT)):
        y = function(x)
        assert isinstance(y, jax.Array)
        assert same_bits(np.asarray(y), np.asarray(function(np.asarray(x, np.float32))).astype(x.dtype))
    with pytest.raises(ValueError, match=r"^out: expected a writable array, got a read-only one$"):
        nd.relu(x, out=x)
    with pytest.raises(TypeError, match=r"^x: expected an array of .*, got float8_e4m3fn$"):
        nd.relu(x.astype("float8_e4m3fn"))
