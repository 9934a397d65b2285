"""Dropout's family as layers: each has a site of its own, and goes back through what it went forward through.

Examples
--------
>>> import numpy as np
>>> import numba_dropout as nd
>>> masks = nd.MaskGenerator(seed=7)
>>> first, second = nd.layers.Dropout(0.5, masks=masks), nd.layers.GaussianDropout(0.5, masks=masks)
>>> x = np.ones((2, 4), np.float32)
>>> y = second(first(x))
>>> dx = first.backward(second.backward(np.ones_like(y)))
>>> masks.advance()  # the next step: other masks
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import devices
from ..core import checks
from ..core.errors import InputError
from ..functional import (
    alpha_dropout,
    channel_dropout,
    concrete_dropout,
    drop_block,
    dropconnect,
    dropout,
    gaussian_dropout,
    linear,
    stochastic_depth,
)
from ..functional._rates import rates_of
from .mask_generator import MaskGenerator

__all__ = [
    "AlphaDropout",
    "ConcreteDropout",
    "DropBlock2d",
    "DropConnect",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "FeatureAlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "Layer",
    "StochasticDepth",
]


class LastPass(threading.local):
    """The last forward pass of each thread; a copy of it, and a pickle, have that of the thread that makes them."""

    at: dict[str, Any] | None = None  # arguments of the backward pass; none outside training
    values: Any = None  # what it needs of the forward pass beside them

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (), dict(vars(self))


class Layer:
    """Hold a function's arguments and the place of its masks: the base of the layers.

    Arrays are those of the function that a layer is named after, and so are errors; arguments are checked at once.
    Several threads may use a layer at once: `backward` belongs to the last `forward` of its own thread. What backward
    passes leave in attributes (`dweight`, `dbias`, `dlogit`) is that of the last one, of whichever thread.

    Parameters
    ----------
    masks : MaskGenerator
        Gives the layer its site, and the step of each forward pass. Layers that share a generator share no mask; the
        copy of a layer has its site, and so its masks.

    Attributes
    ----------
    site : int
        What the functions call `stream`.
    arguments : dict
        What the layer's function is called with beside the array and the place of the mask; may be changed between
        a backward and a forward pass: `layer.arguments["p"] = 0.2`.
    """

    def __init__(
        self, forward: Callable[..., Any], backward: Callable[..., Any], masks: MaskGenerator, **arguments: Any
    ) -> None:
        if not isinstance(masks, MaskGenerator):
            raise TypeError(f"masks: expected a MaskGenerator, got {masks!r}")
        self._check_rate(arguments.get("p", 0.0))
        self.masks = masks
        self.site = masks.site()
        self.arguments = arguments
        self._forward, self._backward = forward, backward
        self._passed = LastPass()

    def _check_rate(self, p: Any) -> None:
        checks.probability(p)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items() if value is not None)
        return f"{type(self).__name__}({arguments}, site={self.site})"

    def __call__(self, x: Any, **options: Any) -> Any:
        """Do what `forward` does."""
        return self.forward(x, **options)

    def forward(self, x: Any, *, training: bool = True, offset: int = 0, out: Any = None) -> Any:
        """Return x through the layer, at the generator's present step.

        `offset` is the index of the first mask element, for a piece of a batch; outside training x comes back as it is.
        """
        arguments = copy.deepcopy(self.arguments)  # arrays of rates may change before the backward pass
        at = {**arguments, **self.masks.at(self.site), "offset": offset} if training else {}
        y = self._forward(x, **(at or {**arguments, "training": False}), out=out)
        self._passed.at = at
        return y

    def backward(self, dy: Any, *, out: Any = None) -> Any:
        """Return the gradient by the input of the last forward pass, whose mask is drawn again."""
        at = self._passed.at
        if at is None:
            raise InputError("backward: expected a forward before it, in this thread")
        if not at:
            return dropout.dropout(dy, training=False, out=out)
        return self._backward(dy, **at, out=out)


class Dropout(Layer):
    """Drop elements, by `dropout`: p is one rate or an array; `noise_shape` is the mask's shape.

    Examples
    --------
    >>> layer = nd.layers.Dropout(0.5, masks=nd.MaskGenerator(seed=1))
    >>> x = np.ones((1, 8), np.float32)
    >>> layer(x)
    array([[0., 2., 0., 2., 0., 2., 2., 2.]], dtype=float32)
    >>> layer.backward(np.ones_like(x))
    array([[0., 2., 0., 2., 0., 2., 2., 2.]], dtype=float32)
    """

    def __init__(
        self,
        p: float | ArrayLike = 0.5,
        *,
        noise_shape: Sequence[int | None] | None = None,
        masks: MaskGenerator,
    ) -> None:
        dropout.check_noise_shape(noise_shape)
        super().__init__(dropout.dropout, dropout.dropout_backward, masks, p=p, noise_shape=noise_shape)

    def _check_rate(self, p: Any) -> None:
        if np.ndim(p):
            rates_of(p, np.float64)
        else:
            super()._check_rate(p)

    def forward(self, x: Any, *, training: bool = True, offset: int = 0, mask: Any = None, out: Any = None) -> Any:
        """Return x through the layer, by a mask that is given where there is one, as `dropout` takes it."""
        if mask is None or not training:
            return super().forward(x, training=training, offset=offset, out=out)
        mask = mask if devices.on_device(mask) else np.array(checks.as_array(mask))  # which may change meanwhile
        at = {"p": copy.deepcopy(self.arguments["p"]), "mask": mask, "offset": offset}
        y = dropout.dropout(x, **at, out=out)
        self._passed.at = at
        return y


class Dropout1d(Layer):
    """Drop whole channels of sequences, by `dropout1d`.

    Examples
    --------
    >>> layer = nd.layers.Dropout1d(0.5, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.ones((1, 4, 2)))
    array([[[0., 0.],
            [2., 2.],
            [0., 0.],
            [2., 2.]]])
    """

    def __init__(self, p: float = 0.5, *, channels_last: bool = False, masks: MaskGenerator) -> None:
        super().__init__(
            channel_dropout.dropout1d, channel_dropout.dropout1d_backward, masks, p=p, channels_last=channels_last
        )


class Dropout2d(Layer):
    """Drop whole channels of images, by `dropout2d`.

    Examples
    --------
    >>> layer = nd.layers.Dropout2d(0.5, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.ones((1, 4, 2, 2))).sum((2, 3))
    array([[0., 8., 0., 8.]])
    """

    def __init__(self, p: float = 0.5, *, channels_last: bool = False, masks: MaskGenerator) -> None:
        super().__init__(
            channel_dropout.dropout2d, channel_dropout.dropout2d_backward, masks, p=p, channels_last=channels_last
        )


class Dropout3d(Layer):
    """Drop whole channels of volumes, by `dropout3d`.

    Examples
    --------
    >>> layer = nd.layers.Dropout3d(0.5, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.ones((1, 4, 2, 2, 2))).sum((2, 3, 4))
    array([[ 0., 16.,  0., 16.]])
    """

    def __init__(self, p: float = 0.5, *, channels_last: bool = False, masks: MaskGenerator) -> None:
        super().__init__(
            channel_dropout.dropout3d, channel_dropout.dropout3d_backward, masks, p=p, channels_last=channels_last
        )


class AlphaDropout(Layer):
    """Drop elements of a network with SELU, by `alpha_dropout`.

    Examples
    --------
    >>> layer = nd.layers.AlphaDropout(0.5, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.zeros(4)).round(3)
    array([-0.779,  0.779, -0.779,  0.779])
    """

    def __init__(self, p: float = 0.5, *, masks: MaskGenerator) -> None:
        super().__init__(alpha_dropout.alpha_dropout, alpha_dropout.alpha_dropout_backward, masks, p=p)


class FeatureAlphaDropout(Layer):
    """Drop whole channels of a network with SELU, by `feature_alpha_dropout`.

    Examples
    --------
    >>> layer = nd.layers.FeatureAlphaDropout(0.5, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.zeros((1, 4, 2))).round(3)
    array([[[-0.779, -0.779],
            [ 0.779,  0.779],
            [-0.779, -0.779],
            [ 0.779,  0.779]]])
    """

    def __init__(self, p: float = 0.5, *, masks: MaskGenerator) -> None:
        super().__init__(
            channel_dropout.feature_alpha_dropout, channel_dropout.feature_alpha_dropout_backward, masks, p=p
        )


class GaussianDropout(Layer):
    """Multiply by noise of mean 1, by `gaussian_dropout`.

    Examples
    --------
    >>> layer = nd.layers.GaussianDropout(0.3, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.ones(4)).round(3)
    array([1.584, 0.812, 0.17 , 0.244])
    """

    def __init__(self, p: float = 0.5, *, masks: MaskGenerator) -> None:
        gaussian_dropout.deviation(p)
        super().__init__(gaussian_dropout.gaussian_dropout, gaussian_dropout.gaussian_dropout_backward, masks, p=p)


class GaussianNoise(Layer):
    """Add noise of mean 0, by `gaussian_noise`.

    Examples
    --------
    >>> layer = nd.layers.GaussianNoise(0.1, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.zeros(4)).round(3)
    array([ 0.089, -0.029, -0.127, -0.116])
    """

    def __init__(self, stddev: float, *, masks: MaskGenerator) -> None:
        checks.number(stddev, "stddev", at_least=0)
        super().__init__(
            gaussian_dropout.gaussian_noise, gaussian_dropout.gaussian_noise_backward, masks, stddev=stddev
        )


class StochasticDepth(Layer):
    """Drop whole samples of a residual branch, by `stochastic_depth`.

    Examples
    --------
    >>> layer = nd.layers.StochasticDepth(0.5, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.ones((4, 2)))
    array([[0., 0.],
           [2., 2.],
           [0., 0.],
           [2., 2.]])
    """

    def __init__(self, p: float, mode: str = "row", *, masks: MaskGenerator) -> None:
        stochastic_depth.check_mode(mode)
        super().__init__(
            stochastic_depth.stochastic_depth, stochastic_depth.stochastic_depth_backward, masks, p=p, mode=mode
        )


class DropBlock2d(Layer):
    """Drop squares of feature maps, by `drop_block2d`.

    Examples
    --------
    >>> layer = nd.layers.DropBlock2d(0.4, 2, masks=nd.MaskGenerator(seed=3))
    >>> layer(np.ones((1, 1, 4, 4))).round(2)
    array([[[[1.6, 1.6, 1.6, 1.6],
             [0. , 0. , 1.6, 1.6],
             [0. , 0. , 1.6, 1.6],
             [0. , 0. , 1.6, 1.6]]]])
    """

    def __init__(self, p: float, block_size: int, *, masks: MaskGenerator) -> None:
        checks.integer(block_size, "block_size", 1, 2**31)
        super().__init__(drop_block.drop_block2d, drop_block.drop_block2d_backward, masks, p=p, block_size=block_size)


class DropConnect(Layer):
    """Take rows through a linear layer with dropped weights, by `dropconnect`.

    weight (units, inputs) and bias (units,) are kept as they are given, and read at each pass; `backward` returns the
    gradient by the input and leaves those by the others in `dweight` and `dbias`.

    Examples
    --------
    >>> layer = nd.layers.DropConnect(np.ones((3, 4)), np.zeros(3), 0.5, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.ones((2, 4)))
    array([[4., 6., 6.],
           [4., 6., 6.]])
    """

    def __init__(self, weight: Any, bias: Any, p: float = 0.5, *, masks: MaskGenerator) -> None:
        super().__init__(self._linear, self._linear_backward, masks, p=p)
        self.weight, self.bias = weight, bias
        self.dweight: Any = None
        self.dbias: Any = None

    def _linear(self, x: Any, **arguments: Any) -> Any:
        self._passed.values = x
        return dropconnect.dropconnect(x, self.weight, self.bias, **arguments)

    def _linear_backward(self, dy: Any, *, out: Any, **arguments: Any) -> Any:
        dx, self.dweight, self.dbias = dropconnect.dropconnect_backward(
            dy, self._passed.values, self.weight, **arguments, out=out
        )
        return dx

    def backward(self, dy: Any, *, out: Any = None) -> Any:
        """Return the gradient by the input; `out` are three arrays, as for `dropconnect_backward`."""
        if self._passed.at == {}:
            dx, self.dweight, self.dbias = linear.linear_backward(dy, self._passed.values, self.weight, out=out)
            return dx
        return super().backward(dy, out=out)


class ConcreteDropout(Layer):
    """Drop shares of elements at a rate that is learnt, by `concrete_dropout`: p is where it begins, of (0, 1).

    `logit` is log(p / (1 - p)), for an optimiser to step; `backward` leaves the gradient by it in `dlogit`, to which a
    regulariser's is to be added. What `forward` returned is kept until then, and must not be written to.

    Examples
    --------
    >>> layer = nd.layers.ConcreteDropout(0.5, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.ones(6)).round(3)
    array([1.995, 2.   , 0.   , 1.984, 0.   , 0.682])
    """

    def __init__(self, p: float = 0.1, *, masks: MaskGenerator) -> None:
        if not 0 < checks.probability(p) < 1:
            raise InputError(f"p: expected a probability between 0 and 1, to be learnt, got {p!r}")
        super().__init__(self._drop, self._drop_backward, masks, logit=concrete_dropout.logits_of([float(p)])[0])
        self.dlogit: Any = None

    def __repr__(self) -> str:
        return f"ConcreteDropout(p={self.p:.4g}, site={self.site})"

    @property
    def p(self) -> float:
        """The rate so far."""
        return concrete_dropout.rates_of_logits([self.logit])[0]

    @property
    def logit(self) -> float:
        """Its logit, which may be set between a backward and a forward pass."""
        return float(self.arguments["logit"])

    @logit.setter
    def logit(self, value: float) -> None:
        self.arguments["logit"] = checks.number(value, "logit")

    def backward(self, dy: Any, *, out: Any = None) -> Any:
        """Return the gradient by the input of the last forward pass, and leave that by the logit in `dlogit`."""
        if self._passed.at == {}:
            self.dlogit = 0.0
        return super().backward(dy, out=out)

    def _drop(self, x: Any, **arguments: Any) -> Any:
        y = self._passed.values = concrete_dropout.concrete_dropout(x, **arguments)
        return y

    def _drop_backward(self, dy: Any, **arguments: Any) -> Any:
        dx, self.dlogit = concrete_dropout.concrete_dropout_backward(dy, self._passed.values, **arguments)
        return dx
