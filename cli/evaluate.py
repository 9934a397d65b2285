"""`ndrop evaluate`."""

from __future__ import annotations

from typing import Any

import click

from ._options import is_set, option_of
from ._table_options import with_new_rows_options
from .types import DEVICE


@click.command()
@click.argument("model")
@click.argument("source", metavar="DATA")
@click.option(
    "--part",
    type=click.Choice(["val", "train"]),
    help="Rows of the training data: those that training held out, or the others.  [default: all rows of DATA]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.  [default: a table]")
@click.option(
    "--mc",
    "samples",
    type=click.IntRange(1),
    metavar="T",
    help="Predict the mean of T samples of the dropout masks.  [default: dropout is off]",
)
@click.option("--tau", type=float, help="Noise precision of a regression, 1 / variance.  [default: the model's]")
@click.option(
    "--interval",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="LEVEL",
    help="With --mc, for values: level of the intervals whose coverage is measured.  [default: 0.95]",
)
@click.option("--plot", metavar="FILE", help="Draw accuracy and uncertainty (.png, .pdf, .svg).  [default: none]")
@with_new_rows_options
@DEVICE
@click.option("--threads", type=click.IntRange(1), help="Number of threads.  [default: all]")
def evaluate(
    model: str,
    source: str,
    part: str | None,
    as_json: bool,
    samples: int | None,
    tau: float | None,
    interval: float | None,
    plot: str | None,
    device: str,
    threads: int | None,
    **options: Any,
) -> None:
    """Evaluate MODEL on DATA, with dropout off unless --mc is used.

    A table is read as in training, and its columns are found by name. A folder of IDX files is evaluated on its test
    part (t10k-*), which training never reads. Classification: loss, accuracy, error, mean log-likelihood (nats) and log
    loss, expected calibration error, balanced accuracy, AUC, F1 (for two classes those of the second, and average
    precision), precision and recall of each class, confusion matrix.
    Regression: rmse, mae, r2 and log-likelihood in the target's units, loss in standardized units. With --mc also the
    coverage: the share of targets in their prediction intervals.

    \b
    ndrop evaluate model.npz pipeline
    ndrop evaluate table.npz table.csv --part val
    ndrop evaluate model.npz pipeline --mc 100 --plot evaluation.png
    """
    from numba_dropout import MLP, data
    from numba_dropout.experiments import environment
    from numba_dropout.experiments.job import part_of_split
    from numba_dropout.training import evaluate as evaluation
    from numba_dropout.viz import plots

    from ._evaluate_report import show
    from ._notes import show_notes
    from ._train_progress import check_outputs

    check_outputs([source, model], plot=plot)
    if threads:
        environment.set_threads(threads)
    net = MLP.load(model, device=device)
    if interval is not None and (samples is None or not net.predicts_values):
        raise click.UsageError("--interval: only valid with --mc and a model of values.")
    given = [option_of(name) for name in options if is_set(name)]
    if part is not None and given:
        raise click.UsageError(f"{given[0]}: not valid with --part, which reads the data as training did.")
    rows = data.load_for(net, source, **options) if part is None else part_of_split(net, source, part)
    show_notes(rows.notes, err=True)
    result = evaluation.evaluation(net, rows.x, rows.targets(), samples=samples, tau=tau, interval=interval or 0.95)
    show(result, as_json)
    if plot:
        plots.evaluation(result, plot, f"{model} on {source}")
