"""The base class of the layers."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

from ..arrays import devices
from ..core import checks
from ..core.errors import InputError
from ..functional import dropout
from .mask_generator import MaskGenerator

__all__ = ["Layer"]


class LastPass(threading.local):
    """The last forward pass of each thread. Copies and pickles contain only that of the current thread."""

    at: dict[str, Any] | None = None  # arguments of the backward pass, empty outside training
    shape: tuple[int, ...] = ()  # of the output
    values: Any = None  # an array of the forward pass, if the backward pass needs one

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (), dict(vars(self))


class Layer:
    """Base class of the layers: a function's arguments, and the site of its masks.

    Arrays and errors are those of the function that a layer is named after. The constructor checks the arguments.
    Several threads may use a layer at once: `backward` belongs to the last `forward` of the same thread. The gradients
    in attributes (`dweight`, `dbias`, `dlogit`) are those of the last backward pass of any thread.

    Parameters
    ----------
    masks : MaskGenerator
        Source of the layer's site and of the step of each forward pass. Layers with one generator have different masks.
        A copy of a layer has the same site, hence the same masks.

    Attributes
    ----------
    site : int
        The argument `stream` of the functions.
    arguments : dict
        Arguments of the layer's function, except the array and those that select the mask. You may change them between
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
        """Return `forward(x, **options)`."""
        return self.forward(x, **options)

    def forward(self, x: Any, *, training: bool = True, offset: int = 0, out: Any = None) -> Any:
        """Return the layer's output for x, at the generator's current step.

        `offset` is the index of the first mask element, for chunks of a batch. With training=False nothing is dropped.
        """
        arguments = copy.deepcopy(self.arguments)  # arrays of rates may change before the backward pass
        at = {**arguments, **self.masks.at(self.site), "offset": offset} if training else {}
        y = self._forward(x, **(at or {**arguments, "training": False}), out=out)
        self._remember(at, y)
        return y

    def _remember(self, at: dict[str, Any], y: Any) -> None:
        """Keep the arguments of the backward pass, once the forward pass has succeeded."""
        self._passed.at, self._passed.shape = at, _shape(y)

    def backward(self, dy: Any, *, out: Any = None) -> Any:
        """Return the gradient with respect to the input of the last forward pass, whose mask is sampled again."""
        at = self._passed.at
        if at is None:
            raise InputError("backward: expected a forward before it, in this thread")
        if _shape(dy) != self._passed.shape:
            raise InputError(f"dy: expected shape {self._passed.shape}, got {_shape(dy)}")
        if not at:
            return dropout.dropout(dy, training=False, out=out)
        return self._backward(dy, **at, out=out)


def _shape(array: Any) -> tuple[int, ...]:
    """Return the shape of an array of any library, of memory on a device, or of lists."""
    if hasattr(array, "shape"):
        return tuple(array.shape)
    return tuple(array.__cuda_array_interface__["shape"] if devices.on_device(array) else checks.as_array(array).shape)
