"""Random numbers: PyTorch's generator, a generator of one's own, and explicit seeds."""

import numpy as np
import torch
from torch import nn

import numba_dropout as nd
from numba_dropout import torch as nd_torch


def test_manual_seed():
    x, results = torch.ones(100), []
    for _ in range(2):
        torch.manual_seed(5)
        results.append([nd_torch.dropout(x, 0.5) for _ in range(2)])
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])
    assert not torch.equal(*results[0])


def test_forked_generator():
    x = torch.ones(100)
    torch.manual_seed(5)
    with torch.random.fork_rng():
        inside = nd_torch.dropout(x, 0.5)
    assert torch.equal(inside, nd_torch.dropout(x, 0.5))


def test_own_generator():
    x, generator = torch.ones(100), torch.Generator().manual_seed(3)
    state = torch.get_rng_state()
    first, second = (nd_torch.dropout(x, 0.5, generator=generator) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(first, second)
    assert torch.equal(first, nd_torch.dropout(x, 0.5, generator=generator.manual_seed(3)))


def test_share_of_dropped_elements():
    for p in (0.1, 0.5, 0.9):
        y = nd_torch.dropout(torch.ones(100_000), p)
        assert abs((y == 0).double().mean().item() - p) < 0.005
        np.testing.assert_allclose(y.max().item(), 1 / (1 - p), rtol=1e-6)


def test_masks_of_a_mask_generator():
    masks = nd.MaskGenerator(seed=9)
    model = nn.Sequential(nd_torch.Dropout(0.5, masks=masks), nd_torch.Dropout(0.2, masks=masks))
    x = torch.randn(20, 30)
    for step in range(3):
        expected = x.numpy()
        for stream, p in enumerate((0.5, 0.2)):
            expected = nd.dropout(expected, p, seed=9, stream=stream, step=step)
        np.testing.assert_array_equal(model(x).numpy(), expected)
        masks.advance()
