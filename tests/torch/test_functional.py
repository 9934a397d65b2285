"""The functions beside those of arrays, whose masks they have, and beside PyTorch's."""

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch_cases import CASES, P

from numba_dropout import torch as nd_torch

AT = {"seed": 2**63 + 7, "stream": 3, "step": 5}
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
PEERS = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")


@cases
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_values_and_gradients_of_arrays(case, dtype):
    x = torch.randn(case.shape, dtype=dtype, requires_grad=True)
    dy = torch.randn(case.shape, dtype=dtype)
    y = case.call(x, **AT, offset=11)
    y.backward(dy)
    np.testing.assert_array_equal(y.detach().numpy(), case.forward(x.detach().numpy(), **AT, offset=11))
    np.testing.assert_array_equal(x.grad.numpy(), case.backward(dy.numpy(), **AT, offset=11))


@cases
def test_derivatives(case):
    x = torch.randn(case.shape, dtype=torch.float64, requires_grad=True)
    call = lambda x: case.call(x, **AT)  # noqa: E731
    assert torch.autograd.gradcheck(call, x, check_forward_ad=True, fast_mode=True)
    assert torch.autograd.gradgradcheck(call, x, fast_mode=True)


@cases
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_is_rounded_once(case, dtype):
    x = torch.randn(case.shape).to(dtype).requires_grad_()
    y = case.call(x, **AT)
    assert y.dtype is dtype
    torch.testing.assert_close(y.detach(), case.call(x.detach().float(), **AT).to(dtype), rtol=0, atol=0)
    y.sum().backward()
    assert x.grad.dtype is dtype


@cases
def test_evaluation_and_rate_0_return_the_input(case):
    x = torch.randn(case.shape)
    function, arguments = getattr(nd_torch, case.name), case.arguments
    assert function(x, *arguments, training=False) is x
    assert function(x, 0.0, *arguments[1:], training=True) is x


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("gaussian_dropout",)])
def test_rate_1(name):
    case = CASES[name]
    x = torch.full(case.shape, torch.nan, requires_grad=True)
    y = getattr(nd_torch, case.name)(x, 1.0, *case.arguments[1:], training=True)
    y.sum().backward()
    assert not y.detach().any() or "alpha" in name
    assert not x.grad.any()
    assert not y.isnan().any()


@pytest.mark.parametrize("name", PEERS)
def test_arguments_of_pytorch(name):
    """The same positional arguments, and the same share of zeros."""
    x = torch.ones(40, 50, *(1,) * {"2": 2, "3": 3}.get(name[-2], 1))
    ours, theirs = (getattr(module, name)(x, P, True, False) for module in (nd_torch, functional))
    assert sorted(ours.unique().tolist()) == pytest.approx(sorted(theirs.unique().tolist()), rel=1e-5)
    share = lambda y: (y == y.max()).double().mean().item()  # noqa: E731
    assert share(ours) == pytest.approx(1 - P, abs=0.05)
    assert share(theirs) == pytest.approx(1 - P, abs=0.05)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
@cases
def test_probability_out_of_range(case, p):
    with pytest.raises(ValueError, match=f"dropout probability has to be between 0 and 1, but got {p}"):
        getattr(nd_torch, case.name)(torch.ones(case.shape), p, *case.arguments[1:])


def test_message_is_pytorchs():
    messages = []
    for module in (nd_torch, functional):
        with pytest.raises(ValueError, match="probability") as error:
            module.dropout(torch.ones(3), 1.5)
        messages.append(str(error.value))
    assert messages[0] == messages[1]


@cases
def test_in_place(case):
    if case.name == "stochastic_depth":
        pytest.skip("torchvision's function has no argument inplace")
    start = torch.randn(case.shape, requires_grad=True)
    x = start * 1
    y = case.call(x, inplace=True, **AT)
    assert y is x or y.data_ptr() == x.data_ptr()
    torch.testing.assert_close(x.detach(), case.call(start.detach(), **AT), rtol=0, atol=0)
    y.sum().backward()
    separate = start.detach().clone().requires_grad_()
    case.call(separate, **AT).sum().backward()
    torch.testing.assert_close(start.grad, separate.grad, rtol=0, atol=0)


def test_in_place_is_seen_by_automatic_differentiation():
    weight = torch.ones(3, requires_grad=True)
    x = torch.ones(3)
    y = weight * x  # keeps x
    nd_torch.dropout(x, 0.5, inplace=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    leaf = torch.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        nd_torch.dropout(leaf, 0.5, inplace=True)
    assert leaf.detach().eq(1).all()


def test_inference_mode():
    with torch.inference_mode():
        x = torch.ones(100)
        y = nd_torch.dropout(x, 0.5)
        assert nd_torch.dropout(x, 0.5, inplace=True) is x
    assert set(y.tolist()) == set(x.tolist()) == {0.0, 2.0}


def test_nothing_of_the_size_of_the_input_is_kept():
    kept = []

    def pack(tensor):
        kept.append(tensor.untyped_storage().nbytes())
        return tensor

    x = torch.randn(1000, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        for case in CASES.values():
            case.call(torch.randn(case.shape, requires_grad=True))
        nd_torch.dropout(x, 0.5)
    assert sum(kept) == 0


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("dropout", {"step": 1}, "step: only valid with seed, got 1"),
        ("dropout", {"seed": -1}, "seed: expected an integer from 0"),
        ("dropout", {"seed": 1, "generator": torch.Generator()}, "generator: only valid without seed"),
        ("dropout1d", {}, "dropout1d expected 2 or 3 dimensions, got 4"),
        ("stochastic_depth", {"p": 0.5, "mode": "rows"}, "mode: expected 'batch' or 'row', got 'rows'"),
        ("drop_block2d", {"p": 0.5, "block_size": 0}, "block_size: expected an integer from 1 to"),
    ],
)
def test_messages(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(nd_torch, function)(torch.ones(2, 3, 4, 5), **arguments)


def test_other_dtypes():
    with pytest.raises(TypeError, match="input: expected float32, float64, float16 or bfloat16, got"):
        nd_torch.dropout(torch.ones(3, dtype=torch.int32), 0.5)


def test_dropout2d_of_three_dimensions():
    x = torch.ones(4, 6, 5)
    with pytest.warns(UserWarning, match="taken as"):
        y = nd_torch.dropout2d(x, 0.5, seed=1)
    torch.testing.assert_close(y, nd_torch.dropout1d(x, 0.5, seed=1))
    with pytest.warns(UserWarning, match="assuming that channel-wise 1D dropout"):
        functional.dropout2d(x, 0.5)


def test_threads_of_pytorch():
    """PyTorch's number of threads stays, and results do not depend on it."""
    before, x = torch.get_num_threads(), torch.ones(1 << 16)
    results = []
    for threads in (1, before):
        torch.set_num_threads(threads)
        results.append(nd_torch.dropout(x, 0.5, seed=1))
        assert torch.get_num_threads() == threads
    assert torch.equal(*results)
