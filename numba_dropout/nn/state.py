"""The arrays of a network in one memory: parameters and their gradients, scaling, and the workspaces of calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import random
from ..arrays.convert import on_host
from ..core.errors import InputError
from ..functional._rates import rates_of
from .buffers import INPUTS, UNITS, Network, apart, lay_out, logits, matrix, parameter_views, reserve, row_size
from .inputs import scaling
from .memory import Memory

__all__ = ["INITS", "SCALING", "State", "Workspace"]

INITS: dict[str, Callable[[int, int], int]] = {
    "he": lambda inputs, units: inputs,
    "glorot": lambda inputs, units: inputs + units,
}  # 6 over it is the square of the bound
SCALING = ("shift", "stretch", "target_shift", "target_stretch")


class Workspace:
    """A network as the passes take it, `net`, with arrays of its own for all that they write: it is for one call."""

    def __init__(self, net: Network, memory: Memory) -> None:
        self.net, self.memory = net, memory

    def reserve(self, rows: int) -> bool:
        """Make room for n rows, which is kept; return whether there was too little."""
        rows = max(rows, 1)
        if rows <= self.net.losses.size:
            return False
        a_row = row_size(self.net)

        def remedy(free: int) -> str:
            return f"a batch size of {free // a_row} would fit" if free >= a_row else "make the layers smaller"

        self.memory.make_sure(rows * a_row, f"a batch of {rows} rows", remedy)
        self.net = reserve(self.net, rows, self.memory.empty, self.memory.zeros)
        return True

    def outputs(self, rows: int) -> NDArray[Any]:
        """Return a copy of the outputs of the last forward pass, of n rows."""
        units = self.net.target_shift.size
        start = self.net.outputs.size - units * self.net.losses.size
        return self.memory.read(matrix(self.net.outputs, start, rows, units)).copy()

    def set_doutput(self, values: NDArray[Any]) -> None:
        """Set the gradient by the last output, (rows, outputs), before a backward pass."""
        last = len(self.net.layers) - 1
        self.memory.write(matrix(self.net.doutputs[(last + 1) & 1], 0, *values.shape), values)

    def dinput(self, rows: int) -> NDArray[Any]:
        """Return the gradient by the input as it was given, (rows, inputs), after a backward pass."""
        gradient = self.memory.read(matrix(self.net.doutputs[0], 0, rows, self.net.shift.size))
        return (gradient * self.memory.read(self.net.stretch)).astype(gradient.dtype)


class State:
    """The arrays that all calls share, in `net`, their values as NumPy's arrays, and the workspaces of calls."""

    def __init__(
        self, sizes: list[int], rates: Sequence[float], seed: int, dtype: np.dtype[Any], memory: Memory, variant: str
    ):
        self.memory = memory
        thinned = variant == "subnetwork" and memory.device == "cpu"
        many = variant == "rates"
        one = [0.0] * len(rates) if many else rates
        self.net = lay_out(sizes, one, seed, dtype, memory.zeros, variant=variant, thinned=thinned)
        self._free = [Workspace(self.net, memory)]
        if many:
            units = [np.broadcast_to(p, (n,)) for p, n in zip(rates, sizes, strict=False)]
            found = rates_of(np.concatenate(units), dtype)
            memory.write(self.net.unit_thresholds, found.thresholds)
            memory.write(self.net.unit_scales, found.scales)
        for name in ("stretch", "target_stretch"):
            self.write(name, np.ones(getattr(self.net, name).size))

    def take(self) -> Workspace:
        """Return a workspace that no call uses: the last that was given back, or a new one."""
        try:
            return self._free.pop()  # atomic, as `append` is
        except IndexError:
            return Workspace(apart(self.net, self.memory.zeros), self.memory)

    def give_back(self, workspace: Workspace) -> None:
        """Keep a workspace for another call."""
        self._free.append(workspace)

    def read(self, name: str) -> NDArray[Any]:
        """Return the values of one of the network's arrays; on the host it is the array itself."""
        return self.memory.read(getattr(self.net, name))

    def write(self, name: str, values: NDArray[Any]) -> None:
        """Set the values of one of the network's arrays."""
        array = getattr(self.net, name)
        if values.shape != tuple(array.shape):
            raise InputError(f"{name}: expected shape {tuple(array.shape)}, got {values.shape}")
        self.memory.write(array, values)

    def logits(self) -> list[float]:
        """Return the logits of the rates that are learnt."""
        return [float(value) for value in self.memory.read(logits(self.net, self.net.params))]

    def write_logits(self, values: Sequence[float]) -> None:
        """Set the logits of the rates that are learnt."""
        self.memory.write(logits(self.net, self.net.params), np.array(values))

    def draw_weights(self, seed: int, init: str) -> None:
        """Set the weights to uniform numbers of a seed, up to a bound by name."""
        for layer, (units, inputs) in enumerate(self.net.layers[:, [UNITS, INPUTS]]):
            bound = np.sqrt(6.0 / INITS[init](int(inputs), int(units)))
            weight = np.empty((units, inputs), self.net.params.dtype)
            random.uniform(weight, -bound, bound, "initialisation", seed=seed, site=layer)
            self.memory.write(self.parameters()[f"{layer}.weight"], weight)

    def parameters(self) -> dict[str, Any]:
        """Return live views of the parameters by name, where they are."""
        return parameter_views(self.net, self.net.params)

    def gradients(self) -> dict[str, Any]:
        """Return live views of the gradients by the names of their parameters, where they are."""
        return parameter_views(self.net, self.net.dparams)

    def load(self, given: Mapping[str, ArrayLike]) -> None:
        """Copy parameters in, by name, after checking all of them."""
        own = self.parameters()
        if set(given) != set(own):
            raise InputError(f"state: expected the names {', '.join(own)}, got {', '.join(given)}")
        arrays = {name: on_host(value) for name, value in given.items()}
        for name, array in arrays.items():
            if array.shape != tuple(own[name].shape):
                raise InputError(f"state: expected shape {tuple(own[name].shape)} for {name}, got {array.shape}")
            if not np.can_cast(array.dtype, own[name].dtype, "same_kind"):
                raise TypeError(f"state: expected {own[name].dtype} for {name}, got {array.dtype}")
        for name, array in arrays.items():
            self.memory.write(own[name], array)

    def scale(self, names: tuple[str, str], shift: ArrayLike, stretch: ArrayLike) -> None:
        """Set the shift and stretch of the input or of the target."""
        columns = getattr(self.net, names[0]).size
        for name, values in zip(names, scaling(shift, stretch, columns), strict=True):
            self.write(name, values)
