"""Distributed data parallel training: each process draws its own masks, and gradients are averaged."""

import pytest
import torch
from torch import nn

from numba_dropout import torch as nd_torch

pytestmark = pytest.mark.skipif(not torch.distributed.is_available(), reason="torch has no distributed package")


def gradients(rank, folder):
    """Train one step in a process, and save the gradients and the result."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    torch.manual_seed(rank)
    dropout = nd_torch.Dropout(0.5)
    layer = nn.Linear(6, 40)
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    model = nn.parallel.DistributedDataParallel(nn.Sequential(layer, dropout))
    torch.manual_seed(10 + rank)
    y = model(torch.ones(3, 6))
    y.sum().backward()
    torch.save((y.detach(), layer.weight.grad), f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.full
def test_gradients_are_those_of_both_masks(tmp_path):
    torch.multiprocessing.spawn(gradients, (str(tmp_path),), nprocs=2)
    (y0, grad0), (y1, grad1) = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2))
    assert not torch.equal(y0, y1)
    assert torch.equal(grad0, grad1)
    scales = (y0 / 6).sum(0) + (y1 / 6).sum(0)
    torch.testing.assert_close(grad0, (scales / 2)[:, None].expand(40, 6))
