"""The job of `ndrop train`: data, output files and options, from the command line or from a checkpoint."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import click

from numba_dropout.data import is_named
from numba_dropout.experiments.config import TrainJob
from numba_dropout.experiments.defaults import earlier
from numba_dropout.storage import output_formats
from numba_dropout.training import checkpoints
from numba_dropout.training.callbacks import JsonLines, TensorBoard
from numba_dropout.training.fit import Callback

from ._options import is_set, option_of
from ._table_options import OF_FILE, table_options
from ._train_progress import Progress, check_outputs, draw, show_summary

PATHS = ("source", "out", "log", "plot", "tensorboard", "test")
COMMAND = "ndrop train"
CHANGEABLE = (*PATHS, "checkpoint_every", "checkpoint_keep")  # options that a resumed run may change


@dataclass
class Job:
    """A training run: its data, the files it writes, and the options of its configuration."""

    source: str
    out: str
    log: str | None
    plot: str | None
    tensorboard: str | None
    test: str | None
    checkpoint_every: int | None
    checkpoint_keep: int
    choices: dict[str, Any]

    def __post_init__(self) -> None:
        self.checkpoint: checkpoints.Checkpoint | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any], resume: str | None) -> Job:
        """Return the job of a command's parameters or of a checkpoint, after checking its output files."""
        changeable = {name: options[name] for name in CHANGEABLE}
        choices = {name: value for name, value in table_options(options).items() if name not in CHANGEABLE}
        job = cls(**changeable, choices=choices) if resume is None else cls._resumed(resume, options)
        if job.checkpoint_every is None and resume is None and is_set("checkpoint_keep"):
            raise click.UsageError("--checkpoint-keep: only valid with --checkpoint-every.")
        check_outputs([job.source, job.test, options["columns"], resume], job.out, job.log, plot=job.plot)
        output_formats.check_model(job.out)
        if job.log:
            output_formats.check_format(job.log, output_formats.JSON_LINES, "a log")
        return job

    @classmethod
    def _resumed(cls, path: str, options: Mapping[str, Any]) -> Job:
        """Return the job of a checkpoint. Options on the command line must be equal, or in `CHANGEABLE`."""
        about = checkpoints.read(path).about.get(COMMAND)
        if about is None:
            raise click.UsageError(f"{path}: not a checkpoint of {COMMAND}; resume it in Python with fit(resume=...)")
        options = table_options(options)
        choices = {name for name in options if name not in CHANGEABLE}
        if "task" not in about["choices"]:
            _complete(about)
        if about.keys() != {field.name for field in fields(cls)} or about["choices"].keys() != choices:
            raise click.UsageError(f"{path}: written by another version of {COMMAND}; resume it with that version")
        job = cls(**about)
        for name in PATHS:
            setattr(job, name, _relative(getattr(job, name)))
        for name, value in options.items():
            of_file = name in OF_FILE and is_set("columns")
            if not is_set(name) and not of_file:
                continue
            if name in CHANGEABLE:
                setattr(job, name, value)
            elif _plain(job.choices[name]) != _plain(value):
                option, before = "--columns" if of_file else option_of(name), job.choices[name]
                raise click.UsageError(
                    f"{option}: {path} was trained with {_shown(before)}, got {_shown(value)}; omit the option, or "
                    "start a new run without --resume."
                )
        return job

    def callbacks(self, progress: Progress) -> list[Callback]:
        """Return the callbacks of training. Checkpoints come first because they may refuse to run."""
        callbacks: list[Callback] = []
        if self.checkpoint_every is not None:
            about = {COMMAND: asdict(self) | {name: _absolute(getattr(self, name)) for name in PATHS}}
            self.checkpoint = checkpoints.Checkpoint(
                self.out, self.checkpoint_every, keep=self.checkpoint_keep, about=about
            )
            callbacks.append(self.checkpoint)
        callbacks.append(progress)
        if self.log:
            callbacks.append(JsonLines(self.log))
        if self.tensorboard:
            callbacks.append(TensorBoard(self.tensorboard))
        return callbacks

    def end(self, progress: Progress, run: TrainJob) -> None:
        """Draw the curves, evaluate the held-out rows, and print the summary."""
        draw(progress, self.plot, f"{self.source}: {run.net.name}")
        show_summary(progress, run, self.source, self.test, self.out, self.log, self.plot)
        if progress.interrupted and self.checkpoint and self.checkpoint.last:
            click.echo(f"or     ndrop train --resume {shlex.quote(str(self.checkpoint.last))}")


def _complete(about: dict[str, Any]) -> None:
    """Add the options that version 0.1 does not have to those of its checkpoint, with what it means by them."""
    about.setdefault("test", None)
    defaults = table_options(click.get_current_context().command.make_context(COMMAND, []).params)
    excluded = (*CHANGEABLE, "resume", "threads")
    later = {name: _plain(value) for name, value in defaults.items() if name not in excluded}
    choices = about["choices"] = later | about["choices"]
    choices |= earlier(choices, built_in=about["source"] == "pipeline") | {"patience": choices["patience"] or 0}


def _plain(value: Any) -> Any:
    """Return a value of an option as JSON returns it."""
    return list(value) if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    """Return a value of an option for a message."""
    if value is None or value in ([], (), {}):
        return "the default"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _absolute(path: str | None) -> str | None:
    """Return an absolute path, or the name of a built-in data set unchanged."""
    return path if path is None or is_named(path) else os.path.abspath(path)


def _relative(path: str | None) -> str | None:
    """Return a path inside the current folder relative to it, and other paths unchanged."""
    if path is None or not os.path.isabs(path) or not Path(path).is_relative_to(Path.cwd()):
        return path
    return os.path.relpath(path)
