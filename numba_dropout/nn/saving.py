"""A network in a file, in a pickle, in a copy: what it was made of, how far it is, and its arrays."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import devices
from ..core.access import Access, changes, reads
from ..core.errors import DeviceError, InputError
from ..storage import model_file
from .memory import Memory
from .state import SCALING, State

__all__ = ["Stored"]

# What a model file holds of a network, beside its parameters.
CHOICES = (
    "dropout",
    "input_dropout",
    "seed",
    "loss",
    "dtype",
    "variant",
    "weight_regularizer",
    "dropout_regularizer",
    "init",
)
PROGRESS = ("step", "epoch", "classes", "features", "target", "target_column", "rows", "tau")
LATER = ("variant", "weight_regularizer", "dropout_regularizer", "rows", "tau", "init")  # that older files lack


class Stored(ABC):
    """The part of a network that goes elsewhere and comes back; what it needs of the rest comes last."""

    sizes: list[int]
    dtype: np.dtype[Any]
    device: str
    memory: Memory
    access: Access
    rows: int | None
    _state: State

    @reads
    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file: architecture, weights, scaling, names, counters.

        NumPy's .npz, without pickle, or safetensors where the path ends in .safetensors: then tensors have the names of
        the equivalent `torch.nn.Sequential`. The file appears whole, or the old one stays.
        """
        model_file.write(path, *self.content())

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: str = "cpu", precision: str = "float32") -> Any:
        """Return the model that `save` wrote; ValueError if the file is not one, or not whole."""
        device = devices.resolve(device, precision)
        config, arrays = model_file.read(path)
        try:
            return cls.of_content(config, arrays, device, precision)
        except DeviceError:
            raise
        except (KeyError, ValueError, TypeError) as error:
            raise InputError(f"{path}: a damaged model ({error})") from None

    def choices(self) -> dict[str, Any]:
        """Return what the network was made of, by the names of the arguments, without where it is."""
        return {name: getattr(self, name) for name in ("sizes", *CHOICES)} | {"dtype": self.dtype.name}

    @reads
    def content(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return what `save` writes: what JSON can hold, and scaling and parameters by their names."""
        config = {**self.choices(), **{name: getattr(self, name) for name in PROGRESS}}
        return config, {name: self._state.read(name) for name in SCALING} | self.weights()

    @changes
    def restore(self, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take what `content` returned of a network that was made by the same choices."""
        for name in SCALING:
            self._state.write(name, arrays[name])
        self.load_state_dict({name: arrays[name] for name in self.state_dict()})
        for name in PROGRESS:
            setattr(self, name, config[name] if name not in LATER else config.get(name))
        self.regularize(self.rows)

    @classmethod
    def of_content(
        cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], device: str, precision: str
    ) -> Any:
        """Return the network whose `content` it is; KeyError, ValueError or TypeError where it is none's."""
        choices = {name: config[name] for name in CHOICES if name in config or name not in LATER}
        net = cls(config["sizes"], **choices, device=device, precision=precision)  # type: ignore[call-arg]
        net.restore(config, arrays)
        return net

    def __reduce__(self) -> tuple[Any, ...]:
        """Let pickle and copy take what `content` returns, and where the network is."""
        with self.access.reading("copy"):
            config, arrays = self.content()
            arrays = {name: np.array(values) for name, values in arrays.items()}  # read later, when others may train
        return type(self).of_content, (config, arrays, self.device, self.memory.precision)

    # ------------------------------------------------------------ what it needs

    @abstractmethod
    def weights(self) -> dict[str, NDArray[Any]]:
        """Return the parameters as NumPy's arrays."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Return the parameters by name."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Copy parameters in."""

    @abstractmethod
    def regularize(self, rows: int | None) -> None:
        """Let the regularisers be those for a data set of so many rows."""
