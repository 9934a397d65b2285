"""Compilers, exports, transformations of `torch.func`, and checkpoints of activations."""

import pytest
import torch
import torch._dynamo.testing
from torch import nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils.checkpoint import checkpoint
from torch_cases import CASES, LINEAR

from numba_dropout import MaskGenerator
from numba_dropout import torch as nd_torch

AT = {"seed": 7, "step": 5}
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.fixture(autouse=True)
def recompiled():
    """Compile anew in each test."""
    torch.compiler.reset()


@cases
def test_registration(case):
    x = torch.randn(case.shape, requires_grad=True)
    kinds = {"dropout1d": "group_dropout", "dropout2d": "group_dropout", "dropout3d": "group_dropout"}
    kind = {**kinds, "stochastic_depth": "group_dropout"}.get(case.name, case.name)
    operator = getattr(torch.ops.numba_dropout, kind).default
    result = torch.library.opcheck(operator, (x, torch.tensor(5), 0.5, 1, [], 0, 0, 0))
    assert set(result.values()) == {"SUCCESS"}


@cases
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiled(case, backend):
    call = lambda x: case.call(x * 2, **AT) + 1  # noqa: E731
    x = torch.randn(case.shape, requires_grad=True)
    other = x.detach().clone().requires_grad_()
    y, compiled = call(x), torch.compile(call, fullgraph=True, backend=backend)(other)
    torch.testing.assert_close(compiled, y, rtol=0, atol=0)
    for result in (y, compiled):
        result.square().sum().backward()
    torch.testing.assert_close(other.grad, x.grad)


@pytest.mark.full  # runs a compiler of C++
def test_compiled_by_inductor():
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nd_torch.Dropout(0.5), nn.Linear(16, 2))
    compiled = torch.compile(model, fullgraph=True)
    x = torch.randn(32, 8)
    results = [compiled(x) for _ in range(2)]
    assert not torch.equal(*results)
    results[0].sum().backward()
    hidden = nn.functional.relu(model[0](x))
    assert compiled.eval()(x).allclose(model[3](hidden), atol=1e-5)


def test_compiled_gradient_has_the_mask_of_the_values():
    compiled = torch.compile(lambda x: nd_torch.dropout(x, 0.5), fullgraph=True, backend="aot_eager")
    x = torch.ones(1000, requires_grad=True)
    first, second = compiled(x), compiled(x)
    assert not torch.equal(first, second)
    first.sum().backward()
    assert torch.equal(x.grad, first.detach())


def test_compiled_steps_of_a_generator():
    """Masks follow the steps, with at most one compilation more."""
    masks = MaskGenerator(seed=3)
    layer = nd_torch.Dropout(0.5, masks=masks)
    counter = torch._dynamo.testing.CompileCounter()
    compiled = torch.compile(layer, fullgraph=True, backend=counter)
    x = torch.ones(100)
    for _ in range(12):
        assert torch.equal(compiled(x), layer(x))
        masks.advance()
    assert counter.frame_count <= 3


@cases
def test_traced_graph(case):
    x = torch.randn(case.shape)
    graph = make_fx(lambda x: case.call(x))(x)
    assert not torch.equal(graph(x), graph(x)) or "batch" in str(case.arguments)
    assert "numba_dropout" in graph.code


def test_exported():
    model = nn.Sequential(nn.Linear(4, 4), nd_torch.Dropout(0.5)).train()
    program = torch.export.export(model, (torch.ones(2, 4),))
    assert "numba_dropout.dropout" in str(program.graph)
    assert program.module()(torch.ones(2, 4)).shape == (2, 4)


def test_traced_in_evaluation():
    model = nn.Sequential(nn.Linear(4, 4), nd_torch.Dropout(0.5), nd_torch.LinearReLUDropout(4, 3)).eval()
    x = torch.ones(2, 4)
    assert torch.equal(torch.jit.trace(model, x)(x), model(x))


@cases
def test_gradient_function(case):
    x = torch.randn(case.shape)
    separate = x.clone().requires_grad_()
    case.call(separate, **AT).square().sum().backward()
    found = torch.func.grad(lambda x: case.call(x, **AT).square().sum())(x)
    torch.testing.assert_close(found, separate.grad)


@pytest.mark.parametrize("name", LINEAR)
def test_directional_derivative(name):
    case = CASES[name]
    x, dx = torch.randn(case.shape), torch.randn(case.shape)
    y, dy = torch.func.jvp(lambda x: case.call(x, **AT), (x,), (dx,))
    torch.testing.assert_close(y, case.call(x, **AT))
    torch.testing.assert_close(dy, case.call(dx, **AT))


def test_hessian():
    hessian = torch.func.hessian(lambda x: nd_torch.dropout(x, 0.5, seed=1).square().sum())(torch.ones(4))
    assert torch.equal(hessian, torch.diag(torch.tensor([0.0, 8.0, 0.0, 8.0])))


@pytest.mark.parametrize("randomness", ["different", "same"])
@cases
def test_vectorized(case, randomness):
    x = torch.randn(3, *case.shape)
    x[:] = x[0]
    y = torch.vmap(lambda x: case.call(x), randomness=randomness)(x)
    same = [torch.equal(y[0], each) for each in y[1:]]
    assert all(same) == (randomness == "same") or case.arguments[1:] == ("batch",)
    explicit = torch.vmap(lambda x: case.call(x, **AT))(x)
    torch.testing.assert_close(explicit[1], case.call(x[1], **AT), rtol=0, atol=0)


def test_vectorized_refuses_to_guess():
    for dropout in (nd_torch.dropout, nn.functional.dropout):
        with pytest.raises(RuntimeError, match="randomness"):
            torch.vmap(lambda x, dropout=dropout: dropout(x, 0.5))(torch.ones(3, 4))


def test_gradient_of_each_sample():
    """The gradients of samples have the masks of their values."""
    call = torch.func.grad_and_value(lambda x: nd_torch.dropout(x, 0.5).sum())
    gradients, values = torch.vmap(call, randomness="different")(torch.ones(5, 100))
    assert torch.equal(gradients.sum(1), values)
    assert len(set(values.tolist())) > 1


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointed(reentrant):
    """The second forward pass draws the same masks."""
    layers = nn.Sequential(nd_torch.Dropout(0.5), nn.Linear(50, 50), nd_torch.Dropout(0.3))
    x = torch.randn(20, 50, requires_grad=True)
    gradients = []
    for run in (layers, lambda x: checkpoint(layers, x, use_reentrant=reentrant)):
        torch.manual_seed(1)
        gradients.append(torch.autograd.grad(run(x).square().sum(), x) if not reentrant else _gradient(run, x))
    torch.testing.assert_close(*gradients)


def _gradient(run, x):
    x = x.detach().requires_grad_()
    run(x).square().sum().backward()
    return (x.grad,)
