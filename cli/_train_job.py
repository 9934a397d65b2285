"""What `ndrop train` was asked for, as it is given or as a checkpoint has it: data, files to write, and choices."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from numba_dropout.data import is_named
from numba_dropout.nn.mlp import MLP
from numba_dropout.training import checkpoints
from numba_dropout.training.callbacks import JsonLines, TensorBoard
from numba_dropout.training.fit import Callback

from ._train_progress import Progress, check_outputs, draw, say_end

PATHS = ("source", "out", "log", "plot", "tensorboard")
COMMAND = "ndrop train"
FREE = (*PATHS, "checkpoint_every", "checkpoint_keep")  # that a resumed run may change


@dataclass
class Job:
    """A training run: where its data are, what it writes, and the choices of its recipe."""

    source: str
    out: str
    log: str | None
    plot: str | None
    tensorboard: str | None
    checkpoint_every: int | None
    checkpoint_keep: int
    choices: dict[str, Any]

    def __post_init__(self) -> None:
        self.checkpoint: checkpoints.Checkpoint | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any], resume: str | None) -> Job:
        """Return the job of a command's parameters, or that of a checkpoint; it can write what it is to write."""
        own = {name: given[name] for name in FREE}
        choices = {name: value for name, value in given.items() if name not in FREE}
        job = cls(**own, choices=choices) if resume is None else cls._resumed(resume, given)
        if job.checkpoint_every is None and resume is None and _is_given("checkpoint_keep"):
            raise click.UsageError("--checkpoint-keep: how many of none; say how often with --checkpoint-every.")
        check_outputs([job.source, resume], job.out, job.log, plot=job.plot)
        return job

    @classmethod
    def _resumed(cls, path: str, given: Mapping[str, Any]) -> Job:
        """Return the job that a checkpoint was written in; what is given must be the same, or free to change."""
        about = checkpoints.read(path).about.get(COMMAND)
        if about is None:
            raise click.UsageError(f"{path}: no checkpoint of {COMMAND}; go on in Python, by fit(resume=...)")
        choices = {name for name in given if name not in FREE}
        if about.keys() != {field.name for field in fields(cls)} or about["choices"].keys() != choices:
            raise click.UsageError(f"{path}: a checkpoint of another version of {COMMAND}; go on with that one")
        job = cls(**about)
        for name in PATHS:
            setattr(job, name, _as_seen_here(getattr(job, name)))
        for name, value in given.items():
            if not _is_given(name):
                continue
            if name in FREE:
                setattr(job, name, value)
            elif job.choices.get(name) != value:
                option = f"--{name.replace('_', '-')}"
                before = job.choices.get(name)
                raise click.UsageError(
                    f"{option}: the run of {path} was begun with {'its default' if before is None else before}, got "
                    f"{value}; leave it out, or train anew without --resume."
                )
        return job

    def callbacks(self, progress: Progress) -> list[Callback]:
        """Return what goes into training; checkpoints come first, for they may refuse it."""
        found: list[Callback] = []
        if self.checkpoint_every is not None:
            about = {COMMAND: asdict(self) | {name: _from_anywhere(getattr(self, name)) for name in PATHS}}
            self.checkpoint = checkpoints.Checkpoint(
                self.out, self.checkpoint_every, keep=self.checkpoint_keep, about=about
            )
            found.append(self.checkpoint)
        found.append(progress)
        if self.log:
            found.append(JsonLines(self.log))
        if self.tensorboard:
            found.append(TensorBoard(self.tensorboard))
        return found

    def end(self, progress: Progress, net: MLP) -> None:
        """Draw the curves, and say what was learnt beside the weights and where everything is."""
        draw(progress, self.plot, f"{self.source}: {net.name}")
        say_end(progress, net, self.source, self.out, self.log, self.plot)
        if progress.interrupted and self.checkpoint and self.checkpoint.last:
            click.echo(f"or     ndrop train --resume {shlex.quote(str(self.checkpoint.last))}")


def _is_given(name: str) -> bool:
    """Return whether a parameter stands on the command line."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def _from_anywhere(path: str | None) -> str | None:
    """Return a path that is the same in any folder; a set's name as it is."""
    return path if path is None or is_named(path) else os.path.abspath(path)


def _as_seen_here(path: str | None) -> str | None:
    """Return a path as one would type it in this folder."""
    if path is None or not os.path.isabs(path) or not Path(path).is_relative_to(Path.cwd()):
        return path
    return os.path.relpath(path)
