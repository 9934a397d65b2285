"""The base of the layers."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

from ..core import checks
from ..core.errors import InputError
from ..functional import dropout
from .mask_generator import MaskGenerator

__all__ = ["Layer"]


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
