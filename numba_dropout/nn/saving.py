"""Saving, loading, pickling and copying of a network: arguments, progress and arrays."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import devices
from ..arrays.memory import Memory
from ..core import checks
from ..core.access import Access, changes, reads
from ..core.errors import DeviceError, InputError
from ..data.columns.encoder import ColumnEncoder
from ..storage import model_file
from .state import SCALING, State
from .target_transform import TRANSFORMS

__all__ = ["Saveable"]

# Entries of a model file besides the arrays: the arguments of the network, and its progress.
ARGUMENTS = (
    "activation",
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
PROGRESS = (
    "step",
    "epoch",
    "classes",
    "features",
    "target",
    "target_column",
    "rows",
    "tau",
    "threshold",
    "target_transform",
    "target_lambdas",
    "target_names",
    "table_options",
    "split",
)
LATER = {
    "activation": None,
    "variant": None,
    "weight_regularizer": None,
    "dropout_regularizer": None,
    "rows": None,
    "tau": None,
    "threshold": None,
    "init": None,
    "target_transform": "none",
    "target_lambdas": None,
    "target_names": None,
    "table_options": None,
    "split": None,
}  # older files lack these: what they mean there, unless the network's default does


class Saveable(ABC):
    """The saving methods of a network. The abstract methods that they need come last."""

    sizes: list[int]
    dtype: np.dtype[Any]
    device: str
    memory: Memory
    access: Access
    rows: int | None
    target_transform: str
    encoder: ColumnEncoder | None
    _state: State

    @reads
    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file: architecture, weights, scaling, names, counters.

        The format is NumPy's .npz without pickle, or safetensors if the path ends in .safetensors. Then tensors have
        the names of the equivalent `torch.nn.Sequential`. The write is atomic: if it fails, the old file stays.
        """
        model_file.write(path, *self.content())

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: str = "cpu", precision: str = "float32") -> Any:
        """Return the model that `save` wrote. Raise ValueError if the file is not a model, or not complete."""
        device = devices.resolve(device, precision)
        config, arrays = model_file.read(path)
        try:
            return cls.of_content(config, arrays, device, precision)
        except DeviceError:
            raise
        except (KeyError, ValueError, TypeError) as error:
            raise InputError(f"{path}: a damaged model ({error})") from None

    def choices(self) -> dict[str, Any]:
        """Return the arguments that the network was made with, by name, without its device."""
        return {name: getattr(self, name) for name in ("sizes", *ARGUMENTS)} | {"dtype": self.dtype.name}

    @reads
    def content(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the content of a model file: a configuration for JSON, and scaling and parameters by name."""
        config = {**self.choices(), **{name: getattr(self, name) for name in PROGRESS}}
        config["encoder"] = None if self.encoder is None else self.encoder.to_dict()
        return config, {name: self._state.read(field) for name, field in SCALING.items()} | self.weights()

    @changes
    def restore(self, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Set the progress and arrays to the `content` of a network with the same arguments."""
        for name, field in SCALING.items():
            self._state.write(field, arrays[name])
        self.load_state_dict({name: arrays[name] for name in self.state_dict()})
        for name in PROGRESS:
            setattr(self, name, config[name] if name not in LATER else config.get(name, LATER[name]))
        encoder = config.get("encoder")  # older files lack it
        self.encoder = None if encoder is None else ColumnEncoder.from_dict(encoder)
        checks.choice(self.target_transform, "target_transform", TRANSFORMS)
        self.regularize(self.rows)

    @classmethod
    def of_content(
        cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], device: str, precision: str
    ) -> Any:
        """Return the network with a given `content`. Raise KeyError, ValueError or TypeError if it is not valid."""
        arguments = {name: config[name] for name in ARGUMENTS if name in config or name not in LATER}
        net = cls(config["sizes"], **arguments, device=device, precision=precision)  # type: ignore[call-arg]
        net.restore(config, arrays)
        return net

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the `content` and the device, for pickle and copy."""
        with self.access.reading("copy"):
            config, arrays = self.content()
            arrays = {name: np.array(values) for name, values in arrays.items()}  # pickle reads them later
        return type(self).of_content, (config, arrays, self.device, self.memory.precision)

    # ------------------------------------------------------------ abstract methods

    @abstractmethod
    def weights(self) -> dict[str, NDArray[Any]]:
        """Return the parameters as NumPy arrays."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Return the parameters by name."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Set the parameters."""

    @abstractmethod
    def regularize(self, rows: int | None) -> None:
        """Set the regularizers for a data set of n rows."""
