"""The output of `ndrop train`: the layers, a progress bar, a row for each epoch, and a summary."""

from __future__ import annotations

import shlex
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

import click

from numba_dropout.experiments.config import TrainJob
from numba_dropout.nn.mlp import MLP
from numba_dropout.optim import schedule_name
from numba_dropout.storage import files
from numba_dropout.training.baseline import baseline
from numba_dropout.training.evaluate import evaluation
from numba_dropout.training.fit import Callback, History
from numba_dropout.viz import plots

from ._evaluate_report import show
from ._notes import show_notes
from .bar import Steps, compilation_note

ROWS = 20  # epochs printed at least, if there are as many, evenly, ...
BAR = 16  # columns of the bar, which leave room for the counts in 80
SECONDS = 10.0  # ... and one after at most this time
COLUMNS = (
    ("epoch", "epoch", "{:>5d}"),
    ("loss", "loss", "{:>8.4f}"),
    ("accuracy", "accuracy", "{:>8.4f}"),
    ("val_loss", "val loss", "{:>8.4f}"),
    ("val_accuracy", "val accuracy", "{:>12.4f}"),
    ("samples_per_second", "samples/s", "{:>11,.0f}"),
)


class Progress(Callback):
    """A row for each epoch, or for some of many, and on a terminal a progress bar with the time left below it."""

    def __init__(self) -> None:
        self.interrupted = self.begun = False
        self.bar: Any = None
        self.note = threading.Timer(0, lambda: None)
        self.stride, self.printed, self.last = 1, 0.0, 0  # epochs between rows, the time of a row, its epoch
        self.columns: list[tuple[str, str, str]] = list(COLUMNS)

    def expect_compilation(self) -> None:
        """Start the timer that announces compilation on a terminal."""
        self.note = compilation_note()

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Print the head of the table."""
        self.note.cancel()
        self.begun = True
        self.stride, self.printed = max(1, epochs // ROWS), time.monotonic()
        done = self.training.steps_done
        if self.training.finished:
            click.echo(f"training was already complete at step {done:,}\n")
        elif self.training.resumed:
            click.echo(f"resuming at step {done:,} of {steps:,}\n")
        self.columns = _columns(net, self.training.validates)
        click.echo("  ".join(title.rjust(len(form.format(0))) for _, title, form in self.columns))
        if sys.stdout.isatty() and sys.stderr.isatty():
            self.bar = click.progressbar(length=steps, file=sys.stderr, width=BAR, show_pos=True, item_show_func=_loss)
            self.bar.__enter__()
            self.bar.update(done, None)
            self.steps = Steps(self.bar)

    def on_steps_end(self, epoch: int, steps: int, loss: float) -> None:
        """Move the bar."""
        if self.bar is not None:
            self.steps.update(steps, (epoch, loss))

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Print a row over the bar, if it is time for one. The next step redraws the bar below."""
        due = record["epoch"] % self.stride == 0 or record["epoch"] == 1 or self._is_late()
        if due:
            self._print(record)

    def _is_late(self) -> bool:
        return time.monotonic() - self.printed > SECONDS

    def _print(self, record: dict[str, Any]) -> None:
        self.printed, self.last = time.monotonic(), record["epoch"]
        if self.bar is not None:
            click.echo("\r\033[2K", nl=False, file=sys.stderr)
        click.echo("  ".join(_cell(form, record[name]) for name, _, form in self.columns))

    def on_train_end(self, history: History) -> None:
        """Print the last row, and remove the bar."""
        if history.records and history.records[-1]["epoch"] != self.last:
            self._print(history.records[-1])
        self.clear()

    def clear(self) -> None:
        """Remove the bar and cancel the timer."""
        self.note.cancel()
        if self.bar is not None:
            click.echo("\r\033[2K\033[?25h", nl=False, file=sys.stderr)
            self.bar = None


def _columns(net: MLP, validates: bool) -> list[tuple[str, str, str]]:
    """Return the columns of a run: no accuracy of values, and nothing of validation rows without any."""
    return [
        column
        for column in COLUMNS
        if not (net.predicts_values and "accuracy" in column[0]) and (validates or not column[0].startswith("val"))
    ]


def _cell(form: str, value: Any) -> str:
    return "-".rjust(len(form.format(0))) if value is None else form.format(value)


def _loss(item: tuple[int, float] | None) -> str | None:
    return None if item is None else f"epoch {item[0]}, loss {item[1]:.4f}"


def check_outputs(inputs: Iterable[str | None], *outputs: str | None, plot: str | None = None) -> None:
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


def _optimizer(run: TrainJob) -> str:
    """Return the description of the optimizer."""
    optimizer = run.optimizer
    decay = f", weight decay {optimizer.weight_decay:g}" if optimizer.weight_decay else ""
    return f"{optimizer} ({schedule_name(optimizer.schedule)}){decay}"


def _epochs(run: TrainJob) -> str:
    """Return the description of the epochs and their batches."""
    times = "" if run.accumulate == 1 else f"{run.accumulate} x "
    early = run.patience is not None and run.patience < run.epochs
    most = f", or until {run.patience} have no lower validation loss" if early else ""
    return f"{run.epochs} epoch{'s' * (run.epochs > 1)} in batches of {times}{run.batch_size} rows{most}"


def show_flow(run: TrainJob) -> None:
    """Print the notes on the data, the stages of the network and their shapes, and the training options."""
    net, rows = run.net, len(run.train.x)
    show_notes(run.notes)
    if run.notes:
        click.echo()
    what = "values" if net.predicts_values else f"{len(net.classes or net.target_names or [])} classes"
    target = what if net.target is None else f"{what} of {net.target}"
    held_out = "" if run.validation is None else f", {len(run.validation.x)} held out"
    show_notes([f"{run.train.source}: {rows} rows{held_out}, {net.sizes[0]} features, {target}"])
    click.echo()
    stages = net.stages()
    width = max(14, *(len(stage) for stage, _ in stages))
    click.echo(f"  {'stage':<{width}} shape")
    for stage, units in stages:
        click.echo(f"  {stage:<{width}} {rows} x {units}")
    schedule = "" if run.dropout_schedule == "constant" else f", dropout {run.dropout_schedule}"
    device = "" if net.device == "cpu" else f", on {net.device}"
    click.echo(f"\n{net.size:,} parameters, loss {net.loss}, seed {net.seed}{schedule}{device}")
    click.echo(f"{_optimizer(run)}\n{_epochs(run)}\n")


def show_summary(
    progress: Progress, run: TrainJob, source: str, test: str | None, out: str, log: str | None, plot: str | None
) -> None:
    """Print learned dropout rates, the evaluation of the held-out rows, the files written, and the next command.

    That command evaluates the held-out rows, or the file `test`, or without both all rows of `source`.
    """
    net, history = run.net, progress.training.history
    records, best = history.records, history.best_epoch
    if progress.interrupted:
        epochs = "1 full epoch" if len(records) == 1 else f"{len(records)} full epochs"
        click.echo(f"\nstopped by Ctrl-C after {epochs}; the current model was saved")
    elif best is not None and len(records) < run.epochs:
        click.echo(f"\nstopped after {run.patience} epochs without a lower validation loss; --patience 0 goes on")
    if best is not None and not progress.interrupted:
        click.echo(f"\nrestored the weights of epoch {best}, the best on the validation rows")
    names = ["input", *(f"hidden {number}" for number in range(1, len(net.rates)))]
    learned = [f"{name} {p:.4g}" for name, p in zip(names, net.rates, strict=True) if p]
    if net.variant == "concrete" and learned:
        click.echo(f"\nlearned dropout rates: {', '.join(learned)}")
    if isinstance(run.threshold, str):
        click.echo(f"\nthreshold {net.threshold:.4g}, the best {run.threshold} on the held-out rows")
    _show_evaluation(run)
    click.echo(f"\nmodel  {out}")
    for name, path in (("log", log), ("plot", plot)):
        if path and records:
            click.echo(f"{name:<6} {path}")
    rows = (
        f"{shlex.quote(source)} --part val" if test is None and net.split is not None else shlex.quote(test or source)
    )
    click.echo(f"next   ndrop evaluate {shlex.quote(out)} {rows}")


def _show_evaluation(run: TrainJob) -> None:
    """Print the evaluation of the test rows or the held-out rows, beside the baseline."""
    rows = run.validation if run.test is None else run.test
    if rows is None or run.net.step == 0:
        return
    what = "held-out" if run.test is None else "test"
    chosen = " (they also chose the epoch)" if rows is run.validation and run.patience is not None else ""
    if rows.notes and (rows.encoder is not None or rows is run.test):
        click.echo()
        show_notes(rows.notes)
    click.echo(f"\n{len(rows.x)} {what} rows{chosen}:")
    result = evaluation(run.net, rows.x, rows.targets())
    show(result, False, baseline=baseline(run.net, run.train.targets(), rows.targets()))
