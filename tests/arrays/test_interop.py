"""Operations on CUDA arrays of PyTorch, CuPy, JAX and any library with `__cuda_array_interface__`.

In the simulator, arrays of PyTorch and JAX in host memory replace arrays on a device.
"""

import numpy as np
import pytest
from dropout_oracles import contract_mask, dropout
from exact import check_backward, check_forward, layer
from floats import same_bits
from numba import cuda
from numba.core import config

import numba_dropout as nd
from numba_dropout import reference
from numba_dropout.arrays import devices

if not config.ENABLE_CUDASIM and devices.why_not() is not None:
    pytest.skip("needs NUMBA_ENABLE_CUDASIM=1, or a device", allow_module_level=True)

from foreign_arrays import Foreign, accept_addresses, take_for_device_arrays

pytestmark = pytest.mark.cuda_device
simulated = pytest.mark.skipif(not config.ENABLE_CUDASIM, reason="for the simulator")
on_gpu = pytest.mark.skipif(bool(config.ENABLE_CUDASIM), reason="for a GPU")

AT = {"seed": 11, "stream": 3, "step": 2, "offset": 5}


@pytest.fixture(autouse=True)
def addresses(monkeypatch):
    accept_addresses(monkeypatch)


@pytest.fixture
def x(rng):
    return rng.standard_normal((4, 6)).astype(np.float32)


def test_dropout_of_foreign_arrays(x):
    for function in (nd.dropout, nd.dropout_backward):
        array = Foreign(cuda.to_device(x))
        assert same_bits(function(array, 0.3, **AT).copy_to_host(), dropout(x, 0.3, **AT))
        assert function(array, 0.3, **AT, out=array) is array
        assert same_bits(array.copy_to_host(), dropout(x, 0.3, **AT))


def test_relu_of_foreign_arrays(x, rng):
    dy = rng.standard_normal(x.shape).astype(np.float32)
    y = nd.relu(Foreign(cuda.to_device(x)))
    assert same_bits(y.copy_to_host(), np.maximum(x, 0))
    dx = nd.relu_backward(Foreign(cuda.to_device(dy)), Foreign(y))
    assert same_bits(dx.copy_to_host(), np.where(x > 0, dy, np.float32(0)))


def test_linear_of_foreign_arrays(rng):
    x, w, b, dy = layer(rng, 4, 5, 6, np.float32)
    foreign_x, foreign_w, foreign_b, foreign_dy = (Foreign(cuda.to_device(a)) for a in (x, w, b, dy))
    check_forward(nd.linear(foreign_x, foreign_w, foreign_b).copy_to_host(), x, w, b)
    check_forward(nd.linear(foreign_x, foreign_w).copy_to_host(), x, w, None)
    gradients = nd.linear_backward(foreign_dy, foreign_x, foreign_w)
    check_backward([gradient.copy_to_host() for gradient in gradients], dy, x, w)


def test_linear_relu_dropout_of_foreign_arrays(rng):
    x, w, b, dy = layer(rng, 4, 5, 6, np.float32)
    foreign_x, foreign_w, foreign_b, foreign_dy = (Foreign(cuda.to_device(a)) for a in (x, w, b, dy))
    y = nd.linear_relu_dropout(foreign_x, foreign_w, foreign_b, 0.3, **AT)
    expected = dropout(np.maximum(x @ w.T + b, 0), 0.3, **AT)
    np.testing.assert_allclose(y.copy_to_host(), expected, rtol=2e-4, atol=2e-6)
    gradients = nd.linear_relu_dropout_backward(foreign_dy, Foreign(y), foreign_x, foreign_w, 0.3)
    dh = np.where(expected > 0, dropout(dy, 0.3, **AT), 0)
    for gradient, value in zip(gradients, (dh @ w, dh.T @ x, dh.sum(0)), strict=True):
        np.testing.assert_allclose(gradient.copy_to_host(), value, rtol=2e-4, atol=2e-6)
    assert same_bits(foreign_dy.copy_to_host(), dy)


@pytest.mark.parametrize("p", [0, 0.3, 1])
@pytest.mark.parametrize("packed", [False, True])
def test_sample_mask_into_a_foreign_array(packed, p):
    expected = contract_mask((3, 7), p, **AT)
    expected = np.packbits(expected, bitorder="little") if packed else expected
    out = Foreign(cuda.to_device(np.zeros_like(expected)))
    assert nd.sample_mask((3, 7), p, packed=packed, device="cuda:0", out=out, **AT) is out
    assert same_bits(out.copy_to_host(), expected)


@simulated
def test_pytorch(monkeypatch, x):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    take_for_device_arrays(monkeypatch, torch.Tensor)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: type("Stream", (), {"cuda_stream": 0}))
    empty = torch.empty
    monkeypatch.setattr(torch, "empty", lambda shape, dtype, device: empty(shape, dtype=dtype))
    tensor = torch.tensor(x)
    result = nd.dropout(tensor, 0.3, **AT)
    assert isinstance(result, torch.Tensor)
    assert same_bits(result.numpy(), dropout(x, 0.3, **AT))
    assert same_bits(nd.relu(tensor.T).numpy(), np.maximum(x.T, 0, order="C"))
    out = torch.zeros(6, 4).T
    assert nd.relu(tensor, out=out) is out
    assert np.array_equal(out.numpy(), np.maximum(x, 0))
    halves = nd.dropout(tensor.to(torch.bfloat16), 0.3, **AT)
    assert halves.dtype == torch.bfloat16
    kept = torch.tensor(reference.sample_mask((4, 6), 0.3, **AT))
    scale = np.float32(2**32 / (2**32 - round(0.3 * 2**32)))
    expected = torch.where(kept, (tensor.to(torch.bfloat16).float() * float(scale)), torch.zeros(())).to(torch.bfloat16)
    assert torch.equal(halves, expected)
    with pytest.raises(ValueError, match="x: expected a tensor without requires_grad"):
        nd.relu(torch.tensor(x, requires_grad=True))


@simulated
def test_jax(monkeypatch, x):
    jax = pytest.importorskip("jax", reason="needs JAX")
    pytest.importorskip("cuda.core", reason="needs the extra [cuda]")
    take_for_device_arrays(monkeypatch, jax.Array)
    result = nd.dropout(jax.numpy.asarray(x), 0.3, **AT)
    assert isinstance(result, jax.Array)
    assert same_bits(np.asarray(result), dropout(x, 0.3, **AT))
    halves = jax.numpy.asarray(x).astype("bfloat16")
    result = nd.dropout(halves, 0.3, **AT)
    assert result.dtype == halves.dtype
    assert np.array_equal(np.asarray(result != 0), reference.sample_mask((4, 6), 0.3, **AT))
    with pytest.raises(TypeError, match="out: not supported for JAX arrays, which are immutable"):
        nd.relu(jax.numpy.asarray(x), out=jax.numpy.asarray(x))


@pytest.fixture
def large(rng):
    return rng.standard_normal((100, 70)).astype(np.float32)


@on_gpu
def test_pytorch_on_gpu(large):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    if not torch.cuda.is_available():
        pytest.skip("this PyTorch has no CUDA")
    expected = dropout(large, 0.3, **AT)
    for stream in (torch.cuda.default_stream(), torch.cuda.Stream()):
        with torch.cuda.stream(stream):
            tensor = torch.tensor(large, device="cuda")
            for _ in range(20):
                tensor = tensor * 1.0  # work on the stream before the call
            result = nd.dropout(tensor, 0.3, **AT) + 0.0
            assert result.is_cuda
            assert np.array_equal(result.cpu().numpy(), expected)
    tensor = torch.tensor(large, device="cuda")
    assert np.array_equal(nd.relu(tensor.T).cpu().numpy(), np.maximum(large.T, 0))
    halves = nd.dropout(tensor.to(torch.bfloat16), 0.3, **AT)
    assert halves.dtype == torch.bfloat16
    assert np.array_equal((halves != 0).cpu().numpy(), expected != 0)
    out = torch.empty_like(tensor)
    assert nd.dropout(tensor, 0.3, out=out, **AT) is out
    assert np.array_equal(out.cpu().numpy(), expected)


@on_gpu
def test_training_on_pytorch_tensors_on_gpu(rng):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    if not torch.cuda.is_available():
        pytest.skip("this PyTorch has no CUDA")
    x, y = rng.random((100, 5), np.float32), rng.integers(0, 3, 100)
    losses = []
    for data in ((x, y), (torch.tensor(x, device="cuda"), torch.tensor(y, device="cuda"))):
        net = nd.MLP([5, 3, 4, 3], dropout=0.4, input_dropout=0.2, seed=3, device="cuda")
        losses.append(nd.fit(net, *data, optimizer=nd.SGD(), epochs=1).column("loss"))
    assert losses[0] == losses[1]


@on_gpu
def test_cupy_on_gpu(large):
    cupy = pytest.importorskip("cupy", reason="needs CuPy")
    with cupy.cuda.Stream(non_blocking=True):
        array = cupy.asarray(large)
        result = nd.dropout(array, 0.3, **AT)
        assert isinstance(result, cupy.ndarray)
        assert np.array_equal(cupy.asnumpy(result), dropout(large, 0.3, **AT))
        assert np.array_equal(cupy.asnumpy(nd.relu(array.T)), np.maximum(large.T, 0))
        out = cupy.zeros((70, 100), np.float32).T
        assert nd.relu(array, out=out) is out
        assert np.array_equal(cupy.asnumpy(out), np.maximum(large, 0))


@on_gpu
def test_jax_on_gpu(large):
    jax = pytest.importorskip("jax", reason="needs JAX")
    if jax.default_backend() != "gpu":
        pytest.skip("this JAX has no CUDA")
    result = nd.dropout(jax.numpy.asarray(large), 0.3, **AT)
    assert isinstance(result, jax.Array)
    assert next(iter(result.devices())).platform == "gpu"
    assert np.array_equal(np.asarray(result), dropout(large, 0.3, **AT))
