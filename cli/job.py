"""What `ndrop train` was asked for, as it is given or as a checkpoint has it: data, files to write, and choices."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import click
from click.core import ParameterSource

from numba_dropout import checkpoints
from numba_dropout.callbacks import JsonLines, TensorBoard
from numba_dropout.mlp import MLP
from numba_dropout.train import Callback

from .progress import Progress, check_outputs, draw, say_end

FREE = {
    "source",
    "out",
    "log",
    "plot",
    "tensorboard",
    "checkpoint_every",
    "checkpoint_keep",
}  # that a resumed run may change


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

    @classmethod
    def of(cls, given: Mapping[str, Any], resume: str | None) -> Job:
        """Return the job of a command's parameters, or that of a checkpoint; it can write what it is to write."""
        own = {name: given[name] for name in FREE}
        choices = {name: value for name, value in given.items() if name not in FREE}
        job = cls(**own, choices=choices) if resume is None else cls._resumed(resume, given)
        check_outputs(job.source, job.out, job.log, plot=job.plot)
        return job

    @classmethod
    def _resumed(cls, path: str, given: Mapping[str, Any]) -> Job:
        """Return the job that a checkpoint was written in; what is given must be the same, or free to change."""
        about = checkpoints.read(path).about
        if "source" not in about:
            raise click.UsageError(f"{path}: no checkpoint of ndrop train; go on in Python, by fit(resume=...)")
        job, context = cls(**about), click.get_current_context()
        for name, value in given.items():
            if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
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
            found.append(
                checkpoints.Checkpoint(self.out, self.checkpoint_every, keep=self.checkpoint_keep, about=asdict(self))
            )
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
        there = checkpoints.of_model(self.out) if progress.interrupted and self.checkpoint_every else []
        if there:
            click.echo(f"or     ndrop train --resume {shlex.quote(str(there[-1]))}")
