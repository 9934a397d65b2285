"""Dropout in PyTorch: modules that keep no mask, with masks that any program can compute again.

python docs/examples/pytorch_on_the_cpu.py
"""

import torch
from torch import nn

import numba_dropout as nd
from numba_dropout.torch import Dropout, installed, replace_dropout


def main():
    """Compute the values and gradients of a step, and replace the dropout of whole models."""
    torch.manual_seed(0)
    masks = nd.MaskGenerator(seed=7)
    linear, dropout = nn.Linear(4, 8, bias=False), Dropout(0.5, masks=masks)
    x = torch.randn(16, 4)
    y = dropout(torch.relu(linear(x)))
    y.sum().backward()
    mask = torch.from_dlpack(nd.sample_mask((16, 8), 0.5, **masks.at(dropout.site)))
    product = x @ linear.weight.detach().T
    print("values:    ", torch.equal(y.detach(), torch.where(mask, torch.relu(product) * 2, 0)))
    slopes = torch.where(mask & (product > 0), 2.0, 0.0)
    print("gradients: ", torch.allclose(linear.weight.grad, slopes.T @ x))

    model = nn.TransformerEncoderLayer(8, 2, 32, dropout=0.1, batch_first=True)
    replaced, left = replace_dropout(model)
    print("replaced:  ", (replaced, left) == (4, []))  # with that of attention
    with installed():  # reaches all dropout, without a change of the model
        output, _ = nn.LSTM(8, 8, 2, dropout=0.1)(y)
    print("installed: ", output.shape == (16, 8))
    print("memory:    ", nd.dropout(x, 0.5, seed=1, out=x).data_ptr() == x.data_ptr())


if __name__ == "__main__":
    main()
