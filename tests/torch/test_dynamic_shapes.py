"""Compiled functions whose shapes, layouts and seeds vary from call to call."""

import pytest
import torch
from torch._dynamo.testing import CompileCounterWithBackend
from torch_cases import CASES

from numba_dropout import torch as nd_torch


@pytest.fixture
def counter():
    """Return a compiler that counts its calls."""
    torch.compiler.reset()
    return CompileCounterWithBackend("aot_eager")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_batch_sizes(case, counter):
    call = lambda x: case.call(x * 2, seed=3)  # noqa: E731
    compiled = torch.compile(call, fullgraph=True, backend=counter)
    for rows in range(2, 9):
        x = torch.randn(rows, *case.shape[1:], requires_grad=True)
        y = compiled(x)
        assert torch.equal(y, call(x))
        y.sum().backward()
    assert counter.frame_count <= 3


@pytest.mark.parametrize("layout", [(0, 2, 3, 1), (3, 2, 1, 0)])
def test_layouts(layout, counter):
    """The order of the memory is found by comparisons, as sizes that vary cannot be sorted."""
    compiled = torch.compile(lambda x: nd_torch.dropout(x, 0.5) * 1, fullgraph=True, dynamic=True, backend=counter)
    back = [layout.index(dimension) for dimension in range(4)]
    for size in (2, 3, 7, 8):
        x = torch.ones(size, 6 + size, 5, 3).permute(back).requires_grad_()
        y = compiled(x)
        assert y.stride() == x.stride()
        y.sum().backward()
        assert torch.equal(x.grad, y.detach())
    assert counter.frame_count == 1


def test_seeds(counter):
    """Seeds below 2**63 are variables of the compiled function."""
    call = lambda x, seed, step: nd_torch.dropout(x, seed=seed, step=step)  # noqa: E731
    compiled, x = torch.compile(call, fullgraph=True, backend=counter), torch.ones(50)
    for seed in (1, 2, 3, 5, 8, 2**63 - 1):
        for step in (1, 7, 4):
            assert torch.equal(compiled(x, seed, step), call(x, seed, step))
    assert counter.frame_count <= 4
    assert torch.equal(compiled(x, 2**64 - 1, 2), call(x, 2**64 - 1, 2))
    with pytest.raises(Exception, match="seed"):
        compiled(x, -1, 2)
