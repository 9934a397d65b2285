"""The arrays of a network on one device: parameters and their gradients, scaling, and the workspaces of calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import random
from ..arrays.convert import on_host
from ..arrays.memory import Memory
from ..core.errors import InputError
from ..functional._rates import rates_of
from .buffers import (
    INPUTS,
    UNITS,
    Network,
    in_plain_tuples,
    logits,
    matrix,
    new_network,
    parameter_views,
    reserve,
    row_size,
    with_own_buffers,
)
from .hidden_layers import distinct, keeps_slopes
from .inputs import scaling
from .variants import KINDS, PER_UNIT

__all__ = ["INITS", "SCALING", "State", "Workspace"]

INITS: dict[str, Callable[[int, int], int]] = {
    "he": lambda inputs, units: inputs,
    "glorot": lambda inputs, units: inputs + units,
    "lecun": lambda inputs, units: 2 * inputs,
}  # the bound is the square root of 6 over this number
SCALING = {  # from the names in model files
    "shift": "input_offset",
    "stretch": "input_scale",
    "target_shift": "target_offset",
    "target_stretch": "target_scale",
}


class Workspace:
    """Buffers of one call."""

    def __init__(self, net: Network, memory: Memory) -> None:
        self.memory = memory
        self._both = net, in_plain_tuples(net)  # replaced at once: Ctrl-C may end a call between two statements

    @property
    def net(self) -> Network:
        """The network with its own arrays for all that passes write."""
        return self._both[0]

    @property
    def arrays(self) -> tuple[Any, ...]:
        """The arrays of `net` in the form that passes take."""
        return self._both[1]

    def reserve(self, rows: int) -> bool:
        """Reserve buffers for n rows, and return whether they were too small. Buffers never shrink."""
        rows = max(rows, 1)
        if rows <= self.net.batch.losses.size:
            return False
        row_bytes = row_size(self.net)

        def remedy(free: int) -> str:
            return f"a batch size of {free // row_bytes} would fit" if free >= row_bytes else "make the layers smaller"

        self.memory.make_sure(rows * row_bytes, f"a batch of {rows} rows", remedy)
        net = reserve(self.net, rows, self.memory.empty, self.memory.zeros)
        self._both = net, in_plain_tuples(net)
        return True

    def outputs(self, rows: int) -> NDArray[Any]:
        """Return a copy of the outputs (rows, outputs) of the last forward pass, of n rows."""
        units = self.net.scaling.target_offset.size
        start = self.net.batch.outputs.size - units * self.net.batch.losses.size
        return self.memory.read(matrix(self.net.batch.outputs, start, rows, units)).copy()

    def set_doutput(self, values: NDArray[Any]) -> None:
        """Set the gradient with respect to the last output, (rows, outputs), before a backward pass."""
        last = len(self.net.master.layers) - 1
        self.memory.write(matrix(self.net.batch.doutputs[(last + 1) & 1], 0, *values.shape), values)

    def dinput(self, rows: int) -> NDArray[Any]:
        """Return the gradient with respect to the unscaled input, (rows, inputs), after a backward pass."""
        gradient = self.memory.read(matrix(self.net.batch.doutputs[0], 0, rows, self.net.scaling.input_offset.size))
        return (gradient * self.memory.read(self.net.scaling.input_scale)).astype(gradient.dtype)


class State:
    """Arrays `net` that all calls share, access to their values as NumPy arrays, and the workspaces of calls."""

    def __init__(
        self,
        sizes: list[int],
        rates: Sequence[float],
        seed: int,
        dtype: np.dtype[Any],
        memory: Memory,
        kind: str,
        activations: Sequence[str],
    ):
        self.memory, self._variant, self._compact = memory, KINDS[kind], memory.device == "cpu"
        per_unit, names = kind == PER_UNIT, distinct(activations)
        site_rates = [0.0] * len(rates) if per_unit else rates
        self.net = new_network(
            sizes,
            site_rates,
            seed,
            dtype,
            memory.zeros,
            self._variant,
            [names.index(name) for name in activations],
            slopes=keeps_slopes(activations, self._variant),
            compact=self._compact,
        )
        self._free = [Workspace(self.net, memory)]
        if per_unit:
            units = [np.broadcast_to(p, (n,)) for p, n in zip(rates, sizes, strict=False)]
            unit_rates = rates_of(np.concatenate(units), dtype)
            memory.write(self.net.extra.thresholds, unit_rates.thresholds)
            memory.write(self.net.extra.scales, unit_rates.scales)
        for name in ("input_scale", "target_scale"):
            self.write(name, np.ones(getattr(self.net.scaling, name).size))

    def take(self) -> Workspace:
        """Return a workspace that no call uses: the last one returned, or a new one."""
        try:
            return self._free.pop()  # atomic, as `append` is
        except IndexError:
            return Workspace(
                with_own_buffers(self.net, self._variant, self.memory.zeros, compact=self._compact), self.memory
            )

    def give_back(self, workspace: Workspace) -> None:
        """Return a workspace for use in another call."""
        self._free.append(workspace)

    def read(self, name: str) -> NDArray[Any]:
        """Return the values of one of the arrays of scaling. On the host it is the array itself."""
        return self.memory.read(getattr(self.net.scaling, name))

    def write(self, name: str, values: NDArray[Any]) -> None:
        """Set the values of one of the arrays of scaling."""
        array = getattr(self.net.scaling, name)
        if values.shape != tuple(array.shape):
            raise InputError(f"{name}: expected shape {tuple(array.shape)}, got {values.shape}")
        self.memory.write(array, values)

    def logits(self) -> list[float]:
        """Return the logits of learned rates."""
        return [float(value) for value in self.memory.read(logits(self.net, self.net.master.values))]

    def write_logits(self, values: Sequence[float]) -> None:
        """Set the logits of learned rates."""
        self.memory.write(logits(self.net, self.net.master.values), np.array(values))

    def write_regularizers(self, strengths: Sequence[float]) -> None:
        """Set the strengths of the regularizers of learned rates."""
        self.memory.write(self.net.extra.strengths, np.array(strengths))

    def draw_weights(self, seed: int, inits: Sequence[str]) -> None:
        """Set the weights to uniform random numbers of a seed, with the bound that a name gives for each layer."""
        for layer, (units, inputs) in enumerate(self.net.master.layers[:, [UNITS, INPUTS]]):
            bound = np.sqrt(6.0 / INITS[inits[layer]](int(inputs), int(units)))
            weight = np.empty((units, inputs), self.net.master.values.dtype)
            random.uniform(weight, -bound, bound, "initialisation", seed=seed, site=layer)
            self.memory.write(self.parameters()[f"{layer}.weight"], weight)

    def parameters(self) -> dict[str, Any]:
        """Return live views of the parameters by name, on the network's device."""
        return parameter_views(self.net, self.net.master.values)

    def gradients(self) -> dict[str, Any]:
        """Return live views of the gradients under the names of their parameters, on the network's device."""
        return parameter_views(self.net, self.net.master.gradients)

    def load(self, state: Mapping[str, ArrayLike]) -> None:
        """Set parameters from arrays with their names, after checks of all of them."""
        params = self.parameters()
        if set(state) != set(params):
            raise InputError(f"state: expected the names {', '.join(params)}, got {', '.join(state)}")
        arrays = {name: on_host(value) for name, value in state.items()}
        for name, array in arrays.items():
            if array.shape != tuple(params[name].shape):
                raise InputError(f"state: expected shape {tuple(params[name].shape)} for {name}, got {array.shape}")
            if not np.can_cast(array.dtype, params[name].dtype, "same_kind"):
                raise TypeError(f"state: expected {params[name].dtype} for {name}, got {array.dtype}")
        for name, array in arrays.items():
            self.memory.write(params[name], array)

    def scale(self, names: tuple[str, str], offset: ArrayLike, scale: ArrayLike) -> None:
        """Set the offset and scale of the input or of the target."""
        columns = getattr(self.net.scaling, names[0]).size
        for name, values in zip(names, scaling(offset, scale, columns), strict=True):
            self.write(name, values)
