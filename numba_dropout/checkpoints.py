"""Checkpoints: models that know too what training needs to go on, to the last bit as if it had not stopped."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from . import _checks, model_file
from ._checks import InputError
from .files import check_writable, remove_parts
from .loop import Callback, History
from .mlp import MLP

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

    The files are `<stem of path>.ckpt-<step>.npz` beside `path`, where the model is to be; each appears whole or not at
    all, with a hash of its content, and is a model too: `MLP.load` reads it. `fit(resume=...)` goes on from one.

    Parameters
    ----------
    path : path
        The model's. Where checkpoints of another run of that name are there, whose training did not end, ValueError
        says so before the first step: they are not written over.
    every : int
        Steps between two checkpoints.
    keep : int
        How many are kept, at least 1.
    about : mapping, optional
        What JSON can hold, kept with them for who resumes.
    """

    every: int

    def __init__(
        self, path: str | os.PathLike[str], every: int, *, keep: int = 3, about: Mapping[str, Any] | None = None
    ) -> None:
        self.path = check_writable(path)
        self.every = _checks.integer(every, "every", 1, 2**32)
        self.keep = _checks.integer(keep, "keep", 1, 2**31)
        self.about = dict(about or {})

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Make sure that no other run is lost, and remove what is left of one that ended, or was killed in writing."""
        others = [] if self.training.resumed else of_model(self.path)
        if others and not read(others[-1]).position["finished"]:
            raise InputError(
                f"{others[-1]}: a checkpoint of training that did not end; go on with resume (--resume {others[-1]}), "
                "remove it, or choose another name for the model"
            )
        for other in others:
            other.unlink()
        remove_parts(self.path)

    def on_steps_end(self, epoch: int, steps: int, loss: float) -> None:
        """Write, where it is time."""
        if self.training.net.step % self.every == 0:
            self._write()

    def on_train_end(self, history: History) -> None:
        """Write the last one, which says that training is over."""
        self._write()

    def _write(self) -> None:
        net = self.training.net
        config, weights = net.content()
        position, arrays = self.training.state()
        model_file.write(
            self.path.with_name(f"{self.path.stem}.ckpt-{net.step}.npz"),
            {**config, "training": position, "about": self.about},
            {**weights, **{TRAINING + name: array for name, array in arrays.items()}},
        )
        before = [file for file in of_model(self.path) if _step(file) <= net.step]
        for file in before[: -self.keep]:
            file.unlink(missing_ok=True)


def of_model(path: str | os.PathLike[str]) -> list[Path]:
    """Return the checkpoints beside a model that are called after it, by their steps."""
    path = Path(path)
    files = [file for file in path.parent.iterdir() if file.name.startswith(f"{path.stem}.ckpt-")]
    return sorted((file for file in files if _step(file) >= 0), key=_step)


def _step(file: Path) -> int:
    """Return the step in a checkpoint's name; -1 where there is none."""
    number = file.name.removesuffix(".npz").rpartition("-")[2]
    return int(number) if file.suffix == ".npz" and number.isdecimal() else -1


def read(path: str | os.PathLike[str]) -> Saved:
    """Return what a checkpoint holds; InputError where the file is none, or not whole."""
    config, arrays = model_file.read(path)
    if "training" not in config:
        raise InputError(f"{path}: a model without the state of training, which only checkpoints have")
    position, about = config.pop("training"), config.pop("about")
    own = {name.removeprefix(TRAINING): array for name, array in arrays.items() if name.startswith(TRAINING)}
    weights = {name: array for name, array in arrays.items() if not name.startswith(TRAINING)}
    return Saved(config, weights, position, own, about)
