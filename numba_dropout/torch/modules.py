"""Modules with the arguments of those of `torch.nn` and `torchvision.ops`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from ..core import checks
from ..layers.mask_generator import MaskGenerator
from . import functional
from .arguments import check_mode, check_probability
from .linear import linear_relu_dropout
from .masked import Masked

__all__ = [
    "AlphaDropout",
    "DropBlock2d",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "FeatureAlphaDropout",
    "GaussianDropout",
    "LinearReLUDropout",
    "StochasticDepth",
]


class _Dropout(Masked):
    """A module of one of the functions with the arguments of `torch.nn.functional.dropout`."""

    __constants__ = ("p", "inplace")
    _function: Callable[..., Tensor]

    def __init__(self, p: float = 0.5, inplace: bool = False, *, masks: MaskGenerator | None = None) -> None:
        super().__init__()
        check_probability(p)
        self.p, self.inplace = p, inplace
        self._use(masks)

    def forward(self, input: Tensor) -> Tensor:
        """Return the result of the function, or the input in evaluation mode."""
        return type(self)._function(input, self.p, self.training, self.inplace, **self._numbers())

    def extra_repr(self) -> str:
        """Return PyTorch's representation of the arguments."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Drop elements: `torch.nn.Dropout`, with `dropout`.

    Parameters
    ----------
    p : float
        Probability of dropping, in [0, 1].
    inplace : bool
        Whether to write the result into the input.
    masks : MaskGenerator, optional
        Generator of masks, of which the module takes the next site. The masks are then those of `numba_dropout`'s
        functions. Default: PyTorch's generator of random numbers.

    Raises
    ------
    ValueError, TypeError
        p is out of its range, or masks is no generator.

    Examples
    --------
    >>> layer = Dropout(0.5, masks=MaskGenerator(seed=1))
    >>> layer(torch.ones(4)).tolist()
    [0.0, 2.0, 0.0, 2.0]
    >>> layer.eval()(torch.ones(4)).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    _function = functional.dropout


class Dropout1d(_Dropout):
    """Drop whole channels of sequences: `torch.nn.Dropout1d`, with `dropout1d`.

    The arguments are those of `Dropout`.

    Examples
    --------
    >>> Dropout1d(0.5, masks=MaskGenerator(seed=1))(torch.ones(1, 4, 2)).tolist()
    [[[0.0, 0.0], [2.0, 2.0], [0.0, 0.0], [2.0, 2.0]]]
    """

    _function = functional.dropout1d


class Dropout2d(_Dropout):
    """Drop whole channels of images: `torch.nn.Dropout2d`, with `dropout2d`.

    The arguments are those of `Dropout`.

    Examples
    --------
    >>> Dropout2d(0.5, masks=MaskGenerator(seed=1))(torch.ones(1, 4, 1, 2)).tolist()
    [[[[0.0, 0.0]], [[2.0, 2.0]], [[0.0, 0.0]], [[2.0, 2.0]]]]
    """

    _function = functional.dropout2d


class Dropout3d(_Dropout):
    """Drop whole channels of volumes: `torch.nn.Dropout3d`, with `dropout3d`.

    The arguments are those of `Dropout`.

    Examples
    --------
    >>> Dropout3d(0.5, masks=MaskGenerator(seed=1))(torch.ones(4, 1, 1, 2)).tolist()
    [[[[0.0, 0.0]]], [[[2.0, 2.0]]], [[[0.0, 0.0]]], [[[2.0, 2.0]]]]
    """

    _function = functional.dropout3d


class AlphaDropout(_Dropout):
    """Apply alpha dropout, behind SELU: `torch.nn.AlphaDropout`, with `alpha_dropout`.

    The arguments are those of `Dropout`.

    Examples
    --------
    >>> AlphaDropout(0.5, masks=MaskGenerator(seed=1))(torch.zeros(4))
    tensor([-0.7792,  0.7792, -0.7792,  0.7792])
    """

    _function = functional.alpha_dropout


class FeatureAlphaDropout(_Dropout):
    """Apply alpha dropout to whole channels: `torch.nn.FeatureAlphaDropout`, with `feature_alpha_dropout`.

    The arguments are those of `Dropout`.

    Examples
    --------
    >>> FeatureAlphaDropout(0.5, masks=MaskGenerator(seed=1))(torch.zeros(1, 2, 2))
    tensor([[[-0.7792, -0.7792],
             [ 0.7792,  0.7792]]])
    """

    _function = functional.feature_alpha_dropout


class GaussianDropout(_Dropout):
    """Multiply by Gaussian noise of mean 1, with `gaussian_dropout`.

    The arguments are those of `Dropout`.

    Examples
    --------
    >>> GaussianDropout(0.5, masks=MaskGenerator(seed=1))(torch.ones(3))
    tensor([-0.2458, -0.5903,  1.8972])
    """

    _function = functional.gaussian_dropout


class StochasticDepth(Masked):
    """Drop whole samples or the whole branch: `torchvision.ops.StochasticDepth`, with `stochastic_depth`.

    Parameters
    ----------
    p : float
        Probability of dropping, in [0, 1].
    mode : str
        "row" for each sample, or "batch" for all at once.
    masks : MaskGenerator, optional
        As in `Dropout`.

    Examples
    --------
    >>> StochasticDepth(0.5, "row", masks=MaskGenerator(seed=1))(torch.ones(4, 2)).tolist()
    [[0.0, 0.0], [2.0, 2.0], [0.0, 0.0], [2.0, 2.0]]
    """

    def __init__(self, p: float, mode: str, *, masks: MaskGenerator | None = None) -> None:
        super().__init__()
        check_probability(p)
        check_mode(mode)
        self.p, self.mode = p, mode
        self._use(masks)

    def forward(self, input: Tensor) -> Tensor:
        """Return the branch with samples dropped, or the branch in evaluation mode."""
        return functional.stochastic_depth(input, self.p, self.mode, self.training, **self._numbers())

    def extra_repr(self) -> str:
        """Return torchvision's representation of the arguments."""
        return f"p={self.p}, mode={self.mode}"


class DropBlock2d(Masked):
    """Drop squares of feature maps: `torchvision.ops.DropBlock2d`, with `drop_block2d`.

    Parameters
    ----------
    p : float
        Probability of dropping, in [0, 1].
    block_size : int
        Side of the squares.
    inplace : bool
        Whether to write the result into the input.
    eps : float
        No effect, as in `drop_block2d`.
    masks : MaskGenerator, optional
        As in `Dropout`.

    Examples
    --------
    >>> DropBlock2d(0.3, 2, masks=MaskGenerator(seed=3))(torch.ones(1, 1, 3, 3))[0, 0]
    tensor([[1.8000, 1.8000, 1.8000],
            [1.8000, 0.0000, 0.0000],
            [1.8000, 0.0000, 0.0000]])
    """

    def __init__(
        self,
        p: float,
        block_size: int,
        inplace: bool = False,
        eps: float = 1e-06,
        *,
        masks: MaskGenerator | None = None,
    ) -> None:
        super().__init__()
        check_probability(p)
        self.p, self.block_size = p, checks.integer(block_size, "block_size", 1, 2**31 - 1)
        self.inplace, self.eps = inplace, eps
        self._use(masks)

    def forward(self, input: Tensor) -> Tensor:
        """Return the feature maps with squares dropped, or unchanged in evaluation mode."""
        arguments = self.p, self.block_size, self.inplace, self.eps, self.training
        return functional.drop_block2d(input, *arguments, **self._numbers())

    def extra_repr(self) -> str:
        """Return torchvision's representation of the arguments."""
        return f"p={self.p}, block_size={self.block_size}, inplace={self.inplace}"


class LinearReLUDropout(Masked, nn.Linear):
    """A linear layer, ReLU and dropout, computed by one kernel: `torch.nn.Linear`, with `linear_relu_dropout`.

    Parameters
    ----------
    in_features, out_features : int
        Numbers of inputs and units.
    bias : bool
        Whether the layer has a bias.
    p : float
        Probability of dropping, in [0, 1].
    device, dtype
        As in `torch.nn.Linear`.
    masks : MaskGenerator, optional
        As in `Dropout`.

    Examples
    --------
    >>> layer = LinearReLUDropout(20, 50, p=0.3)
    >>> layer(torch.randn(8, 20)).shape
    torch.Size([8, 50])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        p: float = 0.5,
        device: Any = None,
        dtype: Any = None,
        *,
        masks: MaskGenerator | None = None,
    ) -> None:
        check_probability(p)
        super().__init__(in_features, out_features, bias, device, dtype)
        self.p = p
        self._use(masks)

    def forward(self, input: Tensor) -> Tensor:
        """Return the outputs (..., out_features)."""
        return linear_relu_dropout(input, self.weight, self.bias, self.p, self.training, **self._numbers())

    def extra_repr(self) -> str:
        """Return the representation of the arguments."""
        return f"{super().extra_repr()}, p={self.p}"
