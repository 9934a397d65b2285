"""Checkpoints: model files with training state, from which training resumes bit for bit."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from ..core import checks
from ..core.errors import InputError
from ..core.options import option
from ..nn.mlp import MLP
from ..storage import model_file
from ..storage.files import check_writable, remove_parts
from .callback import Callback, History

__all__ = ["Checkpoint", "Saved", "of_model", "read"]

TRAINING = "training."  # prefix of the names of the arrays of the training state


class Saved(NamedTuple):
    """The content of a checkpoint: a model from `MLP.content`, the training state, and the mapping `about`."""

    config: dict[str, Any]
    weights: dict[str, NDArray[Any]]
    position: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    about: dict[str, Any]


class Checkpoint(Callback):
    """Callback that writes a checkpoint every `every` steps and at the end of training, and keeps the last ones.

    The files are in the folder of the model `path`, with the name `<stem>.ckpt-<step>.npz`. Each is written atomically,
    with a hash of its content. `MLP.load` reads a checkpoint as a model, and `fit(resume=...)` resumes training.

    Parameters
    ----------
    path : path
        Path of the model. Checkpoints of another, unfinished run with this name raise ValueError before the first step
        and are not overwritten. Those of a finished run are removed after the first new checkpoint.
    every : int
        Steps between two checkpoints.
    keep : int
        Number of checkpoints to keep, at least 1.
    about : mapping, optional
        JSON data to store with each checkpoint.

    Raises
    ------
    ValueError, TypeError
        An argument is invalid, or a file cannot be written during training.

    Examples
    --------
    >>> checkpoints = nd.Checkpoint("net.npz", every=1000, keep=2)  # for `fit(callbacks=[checkpoints])`
    >>> checkpoints.every, checkpoints.keep
    (1000, 2)
    """

    every: int

    def __init__(
        self, path: str | os.PathLike[str], every: int, *, keep: int = 3, about: Mapping[str, Any] | None = None
    ) -> None:
        self.path = check_writable(path)
        self.every = checks.integer(every, "every", 1, 2**32)
        self.keep = checks.integer(keep, "keep", 1, 2**31)
        try:
            self.about = model_file.plain(about or {})
        except (AttributeError, TypeError, ValueError):
            raise TypeError(f"about: expected values that JSON supports, got {about!r}") from None
        self.last: Path | None = None  # the checkpoint written last
        self._others: list[Path] = []  # checkpoints of a finished run

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Check that no unfinished run is overwritten, and remove temporary files of killed processes."""
        existing = {file: self._position(file) for file in reversed(of_model(self.path))}
        finished = [_run(position) for position in existing.values() if position["finished"]]
        for file, position in existing.items():
            if self.training.resumed and self.training.same_run(position):
                continue
            if _run(position) not in finished:
                raise InputError(
                    f"{file}: a checkpoint of an unfinished run; resume it with {option('resume', str(file))}, remove "
                    f"{_base(self.path)}.ckpt-*.npz ({len(existing)} in all), or choose another name for the model"
                )
            self._others.append(file)
        remove_parts(self.path, rf"{re.escape(_base(self.path))}\.ckpt-\d+\.npz")

    def _position(self, file: Path) -> dict[str, Any]:
        """Return the training state in a file. The message of an error gives a remedy."""
        try:
            return read(file).position
        except InputError as error:
            raise InputError(f"{error}; remove it, or choose another name for the model") from None

    def on_steps_end(self, epoch: int, steps: int, loss: float) -> None:
        """Write a checkpoint at multiples of `every`."""
        if self.training.net.step % self.every == 0:
            self._write()

    def on_train_end(self, history: History) -> None:
        """Write the last checkpoint, which is marked as finished."""
        self._write()

    def _write(self) -> None:
        """Write a checkpoint, then remove all but the last ones."""
        net = self.training.net
        self.training.check_weights()
        config, weights = net.content()
        position, arrays = self.training.state()
        self.last = self.path.with_name(f"{_base(self.path)}.ckpt-{net.step}.npz")
        model_file.write(
            self.last,
            {**config, "training": position, "about": self.about},
            {**weights, **{TRAINING + name: array for name, array in arrays.items()}},
        )
        written = [file for file in of_model(self.path) if file not in self._others and _step(file) <= net.step]
        for file in {*written[: -self.keep], *self._others} - {self.last}:
            file.unlink(missing_ok=True)
        self._others = []


def of_model(path: str | os.PathLike[str]) -> list[Path]:
    """Return the checkpoints of a model, sorted by step."""
    path = Path(path)
    name = re.compile(rf"{re.escape(_base(path))}\.ckpt-\d+\.npz")
    return sorted((file for file in path.parent.iterdir() if name.fullmatch(file.name)), key=_step)


def _run(position: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the part of the training state that is equal in all checkpoints of a run."""
    return position["choices"], position["began"]


def _base(path: Path) -> str:
    """Return the stem of the checkpoints' names: the model's name without ".npz"."""
    return path.name.removesuffix(".npz")


def _step(file: Path) -> int:
    """Return the step in a checkpoint's name."""
    return int(file.name.removesuffix(".npz").rpartition("-")[2])


def read(path: str | os.PathLike[str]) -> Saved:
    """Return the content of a checkpoint. Raise InputError for another file or a damaged one."""
    try:
        config, arrays = model_file.read(path, wants_hash="training")
    except InputError as error:
        base = re.sub(r"\.ckpt-\d+\.npz$", "", os.fspath(path))
        others = [file for file in of_model(base) if file != Path(path)] if Path(base).parent.is_dir() else []
        raise InputError(f"{error}{f'; another checkpoint is {others[-1]}' if others else ''}") from None
    if "training" not in config:
        raise InputError(f"{path}: expected a checkpoint, got a model without training state")
    position, about = config.pop("training"), config.pop("about")
    state = {name.removeprefix(TRAINING): array for name, array in arrays.items() if name.startswith(TRAINING)}
    weights = {name: array for name, array in arrays.items() if not name.startswith(TRAINING)}
    return Saved(config, weights, position, state, about)
