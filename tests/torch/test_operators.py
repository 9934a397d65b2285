"""The registered operators: derivatives in both directions, transformations, and tensors without memory."""

import pytest
import torch
from torch.autograd import forward_ad
from torch_cases import CASES

from numba_dropout import MaskGenerator
from numba_dropout import torch as nd_torch

AT = {"seed": 7, "step": 5}
X = torch.linspace(-1, 1, 50)
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
alpha = lambda x: nd_torch.alpha_dropout(x, 0.4, training=True, **AT)  # noqa: E731


def operator(x):
    """Return the operator of dropout with a seed of 3."""
    return torch.ops.numba_dropout.dropout(x, torch.tensor(3), 0.5, 0, [], 0, 0, 0)


def test_directional_derivative_of_an_operator():
    """It was lost without a message where the tensor required no gradient."""
    with forward_ad.dual_level():
        y, dy = forward_ad.unpack_dual(operator(forward_ad.make_dual(torch.ones(50), torch.full((50,), 3.0))))
        assert torch.equal(dy, 3 * y)


def test_transformed_operators():
    y = operator(torch.ones(50))
    assert torch.equal(torch.func.grad(lambda x: operator(x).sum())(X), y)
    assert torch.equal(torch.func.jvp(operator, (X,), (torch.ones(50),))[1], y)
    assert torch.equal(torch.func.jacrev(operator)(X), torch.diag(y))
    assert torch.equal(torch.func.jacfwd(operator)(X), torch.diag(y))
    assert torch.equal(torch.vmap(operator)(torch.ones(3, 50)), y.expand(3, 50))
    assert torch.equal(torch.func.hessian(lambda x: operator(x).square().sum())(X), torch.diag(2 * y.square()))
    assert torch.equal(torch.func.functionalize(operator)(torch.ones(50)), y)


@pytest.mark.parametrize(
    "function",
    [
        torch.func.grad(lambda x: alpha(x).square().sum()),
        torch.func.jacrev(alpha),
        lambda x: torch.func.jvp(alpha, (x,), (torch.ones(50),))[1],
        lambda x: torch.vmap(torch.func.grad(lambda x: alpha(x).square().sum()))(x.expand(3, 50)),
        lambda x: torch.vmap(alpha)(x.expand(3, 50)),
    ],
    ids=["grad", "jacrev", "jvp", "vmap of grad", "vmap"],
)
def test_compiled_transformations(function):
    torch.compiler.reset()
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(X), function(X))


@cases
def test_batched_gradients(case):
    """`is_grads_batched` is an older kind of vmap, which is no transformation of `torch.func`."""
    x = torch.randn(case.shape, requires_grad=True)
    y = case.call(x, **AT)
    dy = torch.randn(2, *case.shape)
    (batched,) = torch.autograd.grad(y, x, dy, is_grads_batched=True, retain_graph=True)
    for each, gradient in zip(batched, dy, strict=True):
        assert torch.equal(each, torch.autograd.grad(y, x, gradient, retain_graph=True)[0])


@pytest.mark.parametrize("strategy", ["forward-mode", "reverse-mode"])
def test_vectorized_jacobian(strategy):
    jacobian = torch.autograd.functional.jacobian(operator, X, vectorize=True, strategy=strategy)
    assert torch.equal(jacobian, torch.diag(operator(torch.ones(50))))
    linear = lambda x: nd_torch.linear_relu_dropout(x, torch.ones(3, 50), p=0.5, seed=1)  # noqa: E731
    separate, vectorized = (torch.autograd.functional.jacobian(linear, X[None], vectorize=v) for v in (False, True))
    torch.testing.assert_close(vectorized, separate)


@cases
def test_vectorized_over_nothing(case):
    x = torch.randn(0, *case.shape)
    assert torch.vmap(case.call, randomness="different")(x).shape == x.shape


def test_sparse_gradient():
    weight, index = torch.randn(5, 3, requires_grad=True), torch.tensor([1, 2])
    y = nd_torch.dropout(weight, 0.5, seed=1)
    torch.nn.functional.embedding(index, y, sparse=True).sum().backward()
    expected = torch.zeros(5, 3)
    expected[index] = 1
    assert torch.equal(weight.grad, nd_torch.dropout(expected, 0.5, seed=1))


@cases
def test_tensors_without_memory(case):
    x = torch.empty(case.shape, device="meta", requires_grad=True)
    y = case.call(x)
    assert (y.is_meta, y.shape) == (True, x.shape)
    y.sum().backward()
    assert x.grad.is_meta


def test_default_device_has_no_effect_on_seeds():
    x = torch.ones(50)
    module = nd_torch.Dropout(0.5, masks=MaskGenerator(seed=1))
    vectorized = torch.vmap(nd_torch.dropout, randomness="different")
    with torch.device("meta"):
        for y in (nd_torch.dropout(x), nd_torch.dropout(x, **AT), vectorized(x[None])[0]):
            assert set(y.tolist()) == {0.0, 2.0}
        assert module.state_dict()["masks"].tolist() == [1, 0, 0]


def test_negative_bit():
    x = torch._neg_view(torch.ones(50))
    expected = nd_torch.dropout(-torch.ones(50), 0.5, **AT)
    assert torch.equal(nd_torch.dropout(x, 0.5, **AT), expected)
    assert torch.equal(nd_torch.dropout(x, 0.5, inplace=True, **AT), expected)
    assert torch.equal(x, expected)
    x, weight = torch.randn(2, 5), torch.randn(3, 5)
    y = nd_torch.linear_relu_dropout(torch._neg_view(x), weight, **AT)
    torch.testing.assert_close(y, nd_torch.linear_relu_dropout(-x, weight, **AT))
