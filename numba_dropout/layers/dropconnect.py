"""DropConnect as a layer."""

from __future__ import annotations

from typing import Any

from ..functional import dropconnect, linear
from .base import Layer
from .mask_generator import MaskGenerator

__all__ = ["DropConnect"]


class DropConnect(Layer):
    """Linear layer that drops its weights with `dropconnect`.

    `backward` returns the gradient with respect to the input. It stores the gradients with respect to weight and bias
    in `dweight` and `dbias`.

    Parameters
    ----------
    weight : array (units, inputs)
        Weights. They are not copied, and are read in each pass.
    bias : array (units,), or None
        Biases. They are not copied, and are read in each pass.
    p : float
        Probability of dropping a weight, in [0, 1].
    masks : MaskGenerator
        As in `Layer`.

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
        """Return the gradient with respect to the input. `out` is three arrays, as in `dropconnect_backward`."""
        if self._passed.at == {}:
            dx, self.dweight, self.dbias = linear.linear_backward(dy, self._passed.values, self.weight, out=out)
            return dx
        return super().backward(dy, out=out)
