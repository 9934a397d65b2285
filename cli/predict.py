"""`ndrop predict`."""

from __future__ import annotations

from typing import Any

import click

from ._table_options import with_new_rows_options
from .types import DEVICE


@click.command()
@click.argument("model")
@click.argument("source", metavar="DATA")
@click.option(
    "--out",
    metavar="FILE",
    help="Write .csv, .csv.gz, .tsv, .parquet or .npy (with --mc a structured array).  [default: the terminal]",
)
@click.option("--proba", is_flag=True, help="Add the probability of each class.  [default: the class only]")
@click.option(
    "--mc",
    "samples",
    type=click.IntRange(1),
    metavar="T",
    help="Predict from T samples of the dropout masks, with uncertainty.  [default: dropout is off]",
)
@click.option(
    "--interval",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="LEVEL",
    help="With --mc, for values: add an interval that holds this share of new values, such as 0.95.  [default: none]",
)
@with_new_rows_options
@DEVICE
@click.option("--threads", type=click.IntRange(1), help="Number of threads.  [default: all]")
def predict(
    model: str,
    source: str,
    out: str | None,
    proba: bool,
    samples: int | None,
    interval: float | None,
    device: str,
    threads: int | None,
    **options: Any,
) -> None:
    """Predict the rows of DATA with MODEL, with dropout off unless --mc is used.

    A table is read as in training, and its columns are found by name. A target column in DATA is ignored, and columns
    that training named with --id come first. Each row gets its class, as written in the training data, or its value.
    With --mc dropout stays on (Gal & Ghahramani, 2016): a class comes with its mean probability, its standard
    deviation, predictive entropy and mutual information (nats), a value with the standard deviations of the model, of
    the noise and of both together (total).

    \b
    ndrop predict model.npz pipeline --proba --out predictions.csv
    ndrop predict model.npz pipeline --mc 100
    ndrop predict prices.npz new.csv --mc 100 --interval 0.95
    """
    from numba_dropout import MLP, data
    from numba_dropout.experiments import environment
    from numba_dropout.storage import files
    from numba_dropout.training import prediction_table

    from ._notes import show_notes

    if threads:
        environment.set_threads(threads)
    if out:
        files.check_writable(out, keep=(source, model))
        prediction_table.check_output(out)
    net = MLP.load(model, device=device)
    if interval is not None and (samples is None or not net.predicts_values):
        raise click.UsageError("--interval: only valid with --mc and a model of values.")
    rows = data.load_for(net, source, need_target=False, **options)
    show_notes(rows.notes, err=True)
    table = prediction_table.table(net, rows.x, proba=proba, samples=samples, interval=interval, ids=rows.ids())
    if table.note:
        click.echo(f"note: {table.note}", err=True)
    if out is None:
        click.echo(table.csv(), nl=False)
    else:
        table.write(out)
        click.echo(f"{len(rows.x)} predictions in {out}")
