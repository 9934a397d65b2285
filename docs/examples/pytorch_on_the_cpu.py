"""Dropout of PyTorch tensors without a copy, with automatic differentiation and reproducible masks.

python docs/examples/pytorch_on_the_cpu.py
"""

import torch

import numba_dropout as nd


class SeededDropout(torch.autograd.Function):
    """Dropout for PyTorch's automatic differentiation: the backward pass computes the mask again."""

    @staticmethod
    def forward(ctx, x, p, at):
        """Return dropout of a tensor; `at` has the seed, stream and step."""
        ctx.p, ctx.at = p, at
        return nd.dropout(x.detach(), p, **at)

    @staticmethod
    def backward(ctx, dy):
        """Return the gradient with respect to the tensor."""
        return nd.dropout_backward(dy.contiguous(), ctx.p, **ctx.at), None, None


def main():
    """Compute the values and gradients of one step."""
    torch.manual_seed(0)
    masks = nd.MaskGenerator(seed=7)
    site = masks.site()
    weight = torch.randn(8, 4, requires_grad=True)
    x = torch.randn(16, 4)
    y = SeededDropout.apply(torch.relu(x @ weight.T), 0.5, masks.at(site))
    y.sum().backward()
    mask = torch.from_dlpack(nd.sample_mask((16, 8), 0.5, **masks.at(site)))
    expected = torch.where(mask, torch.relu(x @ weight.detach().T) * 2, 0)
    print("values:   ", torch.equal(y.detach(), expected))
    slopes = torch.where(mask & (x @ weight.detach().T > 0), 2.0, 0.0)
    print("gradients:", torch.allclose(weight.grad, slopes.T @ x))
    print("memory:   ", nd.dropout(x, 0.5, seed=1, out=x).data_ptr() == x.data_ptr())


if __name__ == "__main__":
    main()
