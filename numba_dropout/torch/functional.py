"""Functions with the arguments of `torch.nn.functional` and `torchvision.ops`."""

from __future__ import annotations

import warnings

from torch import Generator, Tensor

from ..core import checks
from ..core.errors import InputError
from .arguments import Numbers, check_mode, operated

__all__ = [
    "alpha_dropout",
    "drop_block2d",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
    "gaussian_dropout",
    "stochastic_depth",
]


def dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
    seed: int | Tensor | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
) -> Tensor:
    """Set elements to zero with probability p, and divide the kept ones by 1 - p: `torch.nn.functional.dropout`.

    The backward pass computes the mask again, from the seed. Nothing of the size of the input is kept for it. Dropped
    elements are +0, also those that are NaN or infinite.

    Parameters
    ----------
    input : Tensor
        float32, float64, float16 or bfloat16, any shape and memory layout, which the result has too. On the CPU or a
        CUDA device.
    p : float
        Probability of dropping, in [0, 1].
    training : bool
        False returns the input.
    inplace : bool
        Whether to write the result into the input.
    generator : torch.Generator, optional
        Generator of the CPU from which the seed is drawn. Default: PyTorch's, which `torch.manual_seed` sets. Mask
        elements then follow the memory layout of the input.
    seed : int or Tensor, optional
        `0..2**64-1`. The mask is then that of `numba_dropout.dropout` with the same seed, stream, step and offset. A
        tensor of int64 (2,) with the seed and the step is read at each call, also of compiled functions.
    stream, step, offset : int
        Site of the mask (below `2**24`), training step (below `2**32`), and index of the mask's first element. Only
        valid with `seed`.

    Raises
    ------
    ValueError, TypeError
        An argument is out of its range or of the wrong type.

    References
    ----------
    Srivastava et al., JMLR 2014, section 4, with the scale moved to training ("inverted" dropout).

    Examples
    --------
    >>> x = torch.ones(2, 4, requires_grad=True)
    >>> y = dropout(x, 0.5, seed=1)
    >>> y.tolist()
    [[0.0, 2.0, 0.0, 2.0], [0.0, 2.0, 2.0, 2.0]]
    >>> y.sum().backward()
    >>> torch.equal(x.grad, y)
    True
    """
    return operated("dropout", input, p, training, inplace, 0, (generator, seed, stream, step, offset), ordered=True)


def dropout1d(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
    seed: int | Tensor | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
) -> Tensor:
    """Drop whole channels of sequences (N, C, L) or (C, L). The other arguments are those of `dropout`.

    Examples
    --------
    >>> dropout1d(torch.ones(1, 4, 2), 0.5, seed=1).tolist()
    [[[0.0, 0.0], [2.0, 2.0], [0.0, 0.0], [2.0, 2.0]]]
    """
    return _channels(1, input, p, training, inplace, (generator, seed, stream, step, offset))


def dropout2d(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
    seed: int | Tensor | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
) -> Tensor:
    """Drop whole channels of images (N, C, H, W). The other arguments are those of `dropout`.

    As in PyTorch, an input (N, C, L) is taken as sequences, with a warning.

    Examples
    --------
    >>> dropout2d(torch.ones(1, 4, 1, 2), 0.5, seed=1).tolist()
    [[[[0.0, 0.0]], [[2.0, 2.0]], [[0.0, 0.0]], [[2.0, 2.0]]]]
    """
    return _channels(2, input, p, training, inplace, (generator, seed, stream, step, offset))


def dropout3d(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
    seed: int | Tensor | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
) -> Tensor:
    """Drop whole channels of volumes (N, C, D, H, W) or (C, D, H, W). The other arguments are those of `dropout`.

    Examples
    --------
    >>> dropout3d(torch.ones(4, 1, 1, 2), 0.5, seed=1).tolist()
    [[[[0.0, 0.0]]], [[[2.0, 2.0]]], [[[0.0, 0.0]]], [[[2.0, 2.0]]]]
    """
    return _channels(3, input, p, training, inplace, (generator, seed, stream, step, offset))


def alpha_dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
    seed: int | Tensor | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
) -> Tensor:
    """Apply alpha dropout, which keeps the mean 0 and the variance 1 of SELU's outputs.

    The arguments are those of `dropout`, with PyTorch's default training=False.

    References
    ----------
    Klambauer et al., NeurIPS 2017, section 2.

    Examples
    --------
    >>> alpha_dropout(torch.zeros(4), 0.5, training=True, seed=1)
    tensor([-0.7792,  0.7792, -0.7792,  0.7792])
    """
    return operated(
        "alpha_dropout", input, p, training, inplace, 0, (generator, seed, stream, step, offset), ordered=True
    )


def feature_alpha_dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
    seed: int | Tensor | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
) -> Tensor:
    """Apply alpha dropout to whole channels of an input (N, C, ...). The arguments are those of `alpha_dropout`.

    Examples
    --------
    >>> feature_alpha_dropout(torch.zeros(1, 2, 2), 0.5, training=True, seed=1)
    tensor([[[-0.7792, -0.7792],
             [ 0.7792,  0.7792]]])
    """
    return operated("feature_alpha_dropout", input, p, training, inplace, 0, (generator, seed, stream, step, offset))


def gaussian_dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
    seed: int | Tensor | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
) -> Tensor:
    """Multiply elements by Gaussian noise of mean 1 and variance p / (1 - p). The arguments are those of `dropout`.

    p is below 1.

    References
    ----------
    Srivastava et al., JMLR 2014, section 10.

    Examples
    --------
    >>> gaussian_dropout(torch.ones(3), 0.5, seed=1)
    tensor([-0.2458, -0.5903,  1.8972])
    """
    return operated(
        "gaussian_dropout", input, p, training, inplace, 0, (generator, seed, stream, step, offset), ordered=True
    )


def stochastic_depth(
    input: Tensor,
    p: float,
    mode: str,
    training: bool = True,
    *,
    generator: Generator | None = None,
    seed: int | Tensor | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
) -> Tensor:
    """Drop whole samples of a residual branch (mode "row"), or the whole branch ("batch"), as torchvision's function.

    The other arguments are those of `dropout`.

    References
    ----------
    Huang et al., ECCV 2016, section 3, with the scale moved to training.

    Examples
    --------
    >>> stochastic_depth(torch.ones(4, 2), 0.5, "row", seed=1).tolist()
    [[0.0, 0.0], [2.0, 2.0], [0.0, 0.0], [2.0, 2.0]]
    """
    check_mode(mode)
    if mode == "row" and not input.ndim:
        raise InputError("input: expected at least 1 dimension with mode 'row', got 0")
    dimensions = int(mode == "row")
    return operated("group_dropout", input, p, training, False, dimensions, (generator, seed, stream, step, offset))


def drop_block2d(
    input: Tensor,
    p: float,
    block_size: int,
    inplace: bool = False,
    eps: float = 1e-06,
    training: bool = True,
    *,
    generator: Generator | None = None,
    seed: int | Tensor | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
) -> Tensor:
    """Drop squares of feature maps (N, C, H, W), with torchvision's arguments.

    Unlike in torchvision, the scale of a sample is that of its own share of kept elements, not of the batch's. `eps`
    has no effect: a sample without kept elements is zeros. The other arguments are those of `dropout`.

    References
    ----------
    Ghiasi et al., NeurIPS 2018, algorithm 1.

    Examples
    --------
    >>> drop_block2d(torch.ones(1, 1, 3, 3), 0.3, 2, seed=3)[0, 0]
    tensor([[1.8000, 1.8000, 1.8000],
            [1.8000, 0.0000, 0.0000],
            [1.8000, 0.0000, 0.0000]])
    """
    checks.integer(block_size, "block_size", 1, 2**31 - 1)
    if input.ndim != 4:
        raise InputError(f"input: expected 4 dimensions (N, C, H, W), got {input.ndim}")
    return operated("drop_block2d", input, p, training, inplace, block_size, (generator, seed, stream, step, offset))


def _channels(spatial: int, x: Tensor, p: float, training: bool, inplace: bool, numbers: Numbers) -> Tensor:
    """Return dropout of whole channels of inputs with a number of spatial dimensions."""
    name, dimensions = f"dropout{spatial}d", x.ndim - spatial
    if spatial == 2 and x.ndim == 3:
        message = f"{name}: expected (N, C, H, W), got 3 dimensions, which are taken as (N, C, L)"
        warnings.warn(f"{message}; use dropout1d", UserWarning, stacklevel=3)
        dimensions = 2
    if dimensions not in (1, 2):
        raise InputError(f"input: {name} expected {spatial + 1} or {spatial + 2} dimensions, got {x.ndim}")
    return operated("group_dropout", x, p, training, inplace, dimensions, numbers)
