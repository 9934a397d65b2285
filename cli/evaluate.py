"""`ndrop evaluate`."""

from __future__ import annotations

import click

from .types import DEVICE


@click.command()
@click.argument("model")
@click.argument("source", metavar="DATA")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.  [default: a table]")
@DEVICE
@click.option("--threads", type=click.IntRange(1), help="Threads to use.  [default: all]")
def evaluate(model: str, source: str, as_json: bool, device: str, threads: int | None) -> None:
    """Measure MODEL on DATA, in evaluation mode: dropout is off.

    A folder of IDX files gives its test part (t10k-*), which training never sees. Classes: loss, accuracy, error.
    Regression: rmse, mae, r2 in the target's units, loss in standardised ones.

    \b
    ndrop evaluate model.npz pipeline
    """
    from numba_dropout import MLP, data, files, system, train

    if threads:
        system.set_threads(threads)
    net = MLP.load(model, device=device)
    rows = data.load_for(net, source)
    measures = {"rows": len(rows.x), **train.evaluate(net, rows.x, rows.targets())}
    if as_json:
        click.echo(files.json_line(measures))
    else:
        for name, value in measures.items():
            click.echo(f"{name:<9} {value:.6g}" if isinstance(value, float) else f"{name:<9} {value}")
