"""PyTorch's tensors in, tensors out, without a copy: dropout with a mask that does not depend on threads or batches.

python docs/examples/pytorch_on_the_cpu.py
"""

import torch

import numba_dropout as nd


class SeededDropout(torch.autograd.Function):
    """Dropout by `numba_dropout`, for PyTorch's automatic differentiation: the mask is drawn again, not kept."""

    @staticmethod
    def forward(ctx, x, p, place):
        """Return dropout of a tensor; `place` holds seed, stream and step."""
        ctx.p, ctx.place = p, place
        return nd.dropout(x.detach(), p, **place)

    @staticmethod
    def backward(ctx, dy):
        """Return the gradient by the tensor."""
        return nd.dropout_backward(dy.contiguous(), ctx.p, **ctx.place), None, None


def main():
    """Train one step of a model whose masks are named by a seed."""
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
