"""`ndrop predict`."""

from __future__ import annotations

import click

from .types import DEVICE


@click.command()
@click.argument("model")
@click.argument("source", metavar="DATA")
@click.option(
    "--out",
    metavar="FILE",
    help="Write there instead: CSV, or an array if it ends in .npy, with --mc one with named fields.  "
    "[default: the terminal]",
)
@click.option("--proba", is_flag=True, help="Give the probability of each class too.  [default: the class only]")
@click.option(
    "--mc",
    "samples",
    type=click.IntRange(1),
    metavar="T",
    help="Predict by T draws of the dropout masks, with how sure they are.  [default: dropout is off]",
)
@DEVICE
@click.option("--threads", type=click.IntRange(1), help="Threads to use.  [default: all]")
def predict(
    model: str, source: str, out: str | None, proba: bool, samples: int | None, device: str, threads: int | None
) -> None:
    """Apply MODEL to DATA, in evaluation mode: dropout is off.

    DATA may have the target's column, which is passed over, or not. Each row gives its class, as it was written in
    the training data, or its value. With --mc dropout stays on (Gal & Ghahramani, 2016): classes come with their mean
    probability, its standard deviation, predictive entropy and mutual information (nats), values with their variance.

    \b
    ndrop predict model.npz pipeline --proba --out predictions.csv
    ndrop predict model.npz pipeline --mc 100
    """
    from numba_dropout import MLP, data
    from numba_dropout.experiments import environment
    from numba_dropout.storage import files
    from numba_dropout.training import prediction_table

    if threads:
        environment.set_threads(threads)
    if out:
        files.check_writable(out, keep=(source, model))
    net = MLP.load(model, device=device)
    rows = data.load_for(net, source, need_target=False)
    table = prediction_table.table(net, rows.x, proba=proba, samples=samples)
    if out is None:
        click.echo(table.csv(), nl=False)
    else:
        table.write(out)
        click.echo(f"{len(rows.x)} predictions in {out}")
