"""Checkpoints: models that know too what training needs to go on, to the last bit as if it had not stopped."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from ..core import checks
from ..core.errors import InputError
from ..nn.mlp import MLP
from ..storage import model_file
from ..storage.files import check_writable, remove_parts
from .loop import Callback, History

__all__ = ["Checkpoint", "Saved", "of_model", "read"]

TRAINING = "training."  # begins the names of the arrays that are not the model's


class Saved(NamedTuple):
    """What a checkpoint holds: a model as `MLP.content` gave it, where training stood, and what else was kept."""

    config: dict[str, Any]
    weights: dict[str, NDArray[Any]]
    position: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    about: dict[str, Any]


class Checkpoint(Callback):
    """Write a checkpoint every so many steps, and one at the end; keep the last of them.

    The files are beside `path`, where the model is to be, called after it, less its ".npz": `<stem>.ckpt-<step>.npz`.
    Each appears whole or not at all, with a hash of its content, and is a model too: `MLP.load` reads it.
    `fit(resume=...)` goes on from one.

    Parameters
    ----------
    path : path
        The model's. Where checkpoints of another run of that name are there, whose training did not end, ValueError
        says so before the first step: they are not written over. Those of a run that ended make room for the first new
        one.
    every : int
        Steps between two checkpoints.
    keep : int
        How many are kept, at least 1.
    about : mapping, optional
        What JSON can hold, kept with them for who resumes.

    Raises
    ------
    ValueError, TypeError
        An argument cannot be used; in training, a file cannot be written.

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
            raise TypeError(f"about: expected what JSON can hold, got {about!r}") from None
        self.last: Path | None = None  # that was written
        self._others: list[Path] = []  # of a run that ended

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Make sure that no other run is lost, and remove what writers that were killed left."""
        there = {file: self._position(file) for file in reversed(of_model(self.path))}
        ended = [_run(position) for position in there.values() if position["finished"]]
        for file, position in there.items():
            if self.training.resumed and self.training.same_run(position):
                continue
            if _run(position) not in ended:
                raise InputError(
                    f"{file}: a checkpoint of training that did not end; go on with resume (--resume {file}), "
                    f"remove {_base(self.path)}.ckpt-*.npz ({len(there)}), or choose another name for the model"
                )
            self._others.append(file)
        remove_parts(self.path, rf"{re.escape(_base(self.path))}\.ckpt-\d+\.npz")

    def _position(self, file: Path) -> dict[str, Any]:
        try:
            return read(file).position
        except InputError as error:
            raise InputError(f"{error}; remove it, or choose another name for the model") from None

    def on_steps_end(self, epoch: int, steps: int, loss: float) -> None:
        """Write, where it is time."""
        if self.training.net.step % self.every == 0:
            self._write()

    def on_train_end(self, history: History) -> None:
        """Write the last one, which says that training is over."""
        self._write()

    def _write(self) -> None:
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
        before = [file for file in of_model(self.path) if file not in self._others and _step(file) <= net.step]
        for file in {*before[: -self.keep], *self._others} - {self.last}:
            file.unlink(missing_ok=True)
        self._others = []


def of_model(path: str | os.PathLike[str]) -> list[Path]:
    """Return the checkpoints beside a model that are called after it, by their steps."""
    path = Path(path)
    name = re.compile(rf"{re.escape(_base(path))}\.ckpt-\d+\.npz")
    return sorted((file for file in path.parent.iterdir() if name.fullmatch(file.name)), key=_step)


def _run(position: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return what checkpoints of one run have in common."""
    return position["choices"], position["began"]


def _base(path: Path) -> str:
    """Return what checkpoints are called after: the model's name, less ".npz"."""
    return path.name.removesuffix(".npz")


def _step(file: Path) -> int:
    """Return the step in a checkpoint's name."""
    return int(file.name.removesuffix(".npz").rpartition("-")[2])


def read(path: str | os.PathLike[str]) -> Saved:
    """Return what a checkpoint holds; InputError where the file is none, or not whole."""
    try:
        config, arrays = model_file.read(path, wants_hash="training")
    except InputError as error:
        base = re.sub(r"\.ckpt-\d+\.npz$", "", os.fspath(path))
        others = [file for file in of_model(base) if file != Path(path)] if Path(base).parent.is_dir() else []
        raise InputError(f"{error}{f'; another checkpoint is {others[-1]}' if others else ''}") from None
    if "training" not in config:
        raise InputError(f"{path}: a model without the state of training, which only checkpoints have")
    position, about = config.pop("training"), config.pop("about")
    own = {name.removeprefix(TRAINING): array for name, array in arrays.items() if name.startswith(TRAINING)}
    weights = {name: array for name, array in arrays.items() if not name.startswith(TRAINING)}
    return Saved(config, weights, position, own, about)
