"""The output of `ndrop train`: the layers, a progress bar, a row for each epoch, and a summary."""

from __future__ import annotations

import shlex
import sys
import threading
from collections.abc import Iterable
from typing import Any

import click

from numba_dropout.experiments.config import TrainJob
from numba_dropout.nn.mlp import MLP
from numba_dropout.storage import files
from numba_dropout.training.fit import Callback, History
from numba_dropout.viz import plots

from .bar import compilation_note

COLUMNS = (
    ("epoch", "epoch", "{:>5d}"),
    ("loss", "loss", "{:>8.4f}"),
    ("accuracy", "accuracy", "{:>8.4f}"),
    ("val_loss", "val loss", "{:>8.4f}"),
    ("val_accuracy", "val accuracy", "{:>12.4f}"),
    ("samples_per_second", "samples/s", "{:>11,.0f}"),
)


class Progress(Callback):
    """A row for each epoch and, on a terminal, a progress bar with the time left below it."""

    def __init__(self) -> None:
        self.interrupted = self.begun = False
        self.bar: Any = None
        self.note = threading.Timer(0, lambda: None)

    def expect_compilation(self) -> None:
        """Start the timer that announces compilation on a terminal."""
        self.note = compilation_note()

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Print the head of the table."""
        self.note.cancel()
        self.begun = True
        done = self.training.steps_done
        if self.training.finished:
            click.echo(f"training was already complete at step {done:,}\n")
        elif self.training.resumed:
            click.echo(f"resuming at step {done:,} of {steps:,}\n")
        click.echo("  ".join(title.rjust(len(form.format(0))) for _, title, form in COLUMNS))
        if sys.stdout.isatty() and sys.stderr.isatty():
            self.bar = click.progressbar(length=steps, file=sys.stderr, show_pos=True, item_show_func=_loss)
            self.bar.__enter__()
            self.bar.update(done, None)

    def on_steps_end(self, epoch: int, steps: int, loss: float) -> None:
        """Move the bar."""
        if self.bar is not None:
            self.bar.update(steps, (epoch, loss))

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Print a row over the bar. The next step redraws the bar below."""
        if self.bar is not None:
            click.echo("\r\033[2K", nl=False, file=sys.stderr)
        click.echo("  ".join(_cell(form, record[name]) for name, _, form in COLUMNS))

    def on_train_end(self, history: History) -> None:
        """Remove the bar."""
        self.clear()

    def clear(self) -> None:
        """Remove the bar and cancel the timer."""
        self.note.cancel()
        if self.bar is not None:
            click.echo("\r\033[2K\033[?25h", nl=False, file=sys.stderr)
            self.bar = None


def _cell(form: str, value: Any) -> str:
    return "-".rjust(len(form.format(0))) if value is None else form.format(value)


def _loss(item: tuple[int, float] | None) -> str | None:
    return None if item is None else f"epoch {item[0]}, loss {item[1]:.4f}"


def check_outputs(inputs: Iterable[str | None], *outputs: str | None, plot: str | None) -> None:
    """Raise InputError for output files that cannot be written, or that the same run reads or writes."""
    used = [path for path in inputs if path]
    for path in (*outputs, plot):
        if path:
            files.check_writable(path, keep=used)
            used.append(path)
    if plot:
        plots.require(plot)


def draw(progress: Progress, plot: str | None, title: str) -> None:
    """Draw the curves if a plot was requested and at least one epoch is complete."""
    if plot and progress.training.history.records:
        plots.training_curves(progress.training.history, plot, title)


def _batches(run: TrainJob) -> str:
    """Return the description of the batches of a step."""
    times = "" if run.accumulate == 1 else f"{run.accumulate} x "
    return f"batches of {times}{run.batch_size}"


def show_flow(run: TrainJob) -> None:
    """Print the data, the stages of the network and their shapes, and the training options."""
    net, rows = run.net, len(run.train.x)
    target = "values" if net.classes is None else f"{len(net.classes)} classes"
    held_out = "" if run.validation is None else f", {len(run.validation.x)} held out"
    click.echo(f"{run.train.source}: {rows} rows{held_out}, {net.sizes[0]} features, {target}\n")
    stages = net.stages()
    width = max(14, *(len(stage) for stage, _ in stages))
    click.echo(f"  {'stage':<{width}} shape")
    for stage, units in stages:
        click.echo(f"  {stage:<{width}} {rows} x {units}")
    schedule = "" if run.dropout_schedule == "constant" else f", dropout {run.dropout_schedule}"
    click.echo(
        f"\n{net.size:,} parameters, loss {net.loss}, {run.optimizer}, {_batches(run)}, seed {net.seed}"
        + schedule
        + ("" if net.device == "cpu" else f", on {net.device}")
    )
    click.echo()


def show_summary(progress: Progress, net: MLP, source: str, out: str, log: str | None, plot: str | None) -> None:
    """Print learned dropout rates, the files written, and the next command."""
    history = progress.training.history
    records, best = history.records, history.best_epoch
    if progress.interrupted:
        epochs = "1 full epoch" if len(records) == 1 else f"{len(records)} full epochs"
        click.echo(f"\nstopped by Ctrl-C after {epochs}; the current model was saved")
    elif best is not None:
        click.echo(f"\nrestored the weights of epoch {best}, the best on the validation rows")
    names = ["input", *(f"hidden {number}" for number in range(1, len(net.rates)))]
    learned = [f"{name} {p:.4g}" for name, p in zip(names, net.rates, strict=True) if p]
    if net.variant == "concrete" and learned:
        click.echo(f"\nlearned dropout rates: {', '.join(learned)}")
    click.echo(f"\nmodel  {out}")
    for name, path in (("log", log), ("plot", plot)):
        if path and records:
            click.echo(f"{name:<6} {path}")
    click.echo(f"next   ndrop evaluate {shlex.quote(out)} {shlex.quote(source)}")
