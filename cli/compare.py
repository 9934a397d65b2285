"""`ndrop compare`."""

from __future__ import annotations

from typing import Any

import click

from ._options import with_choices
from .types import COURSE, JOBS


@click.command()
@click.argument("source", metavar="[DATA]", default="pipeline")
@click.option("--rates", type=COURSE, default="0,0.1,...,0.9", show_default=True, help="Rates on hidden units.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Runs of each rate, by seed.")
@click.option("--rows", type=click.IntRange(1), help="Learn from so many rows, drawn by the seed.  [default: all]")
@with_choices(
    *("target", "loss", "hidden", "input-dropout", "variant", "dropout-schedule", "optimizer", "lr", "momentum"),
    *("momentum-steps", "nesterov", "weight-decay", "clip-norm", "max-norm", "schedule", "decay-steps", "epochs"),
    *("batch-size", "seed", "standardize", "dtype"),
)
@click.option(
    "--val",
    type=float,
    metavar="FRACTION",
    help="Share of the rows held out for validation.  [default: 0.2; a folder of IDX files: its test part]",
)
@JOBS
@click.option("--json", "json_file", metavar="FILE", help="Write all figures there.  [default: none]")
@click.option("--plot", metavar="FILE", help="Draw the losses (.png, .pdf, .svg).  [default: none]")
def compare(
    source: str,
    rates: list[float],
    repeats: int,
    jobs: int | None,
    json_file: str | None,
    plot: str | None,
    **choices: Any,
) -> None:
    """Train the same network on DATA at several dropout rates, and show what each does to the loss on other rows.

    DATA is what `ndrop train` takes. Losses are measured after training, in evaluation mode; the spread is the standard
    deviation over the repeats, which differ in weights, masks and order.

    \b
    ndrop compare pipeline --rates 0,0.2,0.5
    ndrop compare mnist/ --rows 1000 --hidden 1024,1024 --epochs 50 --plot rates.png
    """
    from numba_dropout.experiments import compare, config, environment

    from ._compare_report import Told
    from ._train_progress import check_outputs

    check_outputs([source], json_file, plot=plot)
    told = Told(len(rates) * repeats)
    try:
        found = compare.compare(
            source,
            rates,
            config.TrainConfig(**choices),
            repeats=repeats,
            jobs=jobs or environment.threads(),
            on_result=told.outcome,
        )
    finally:
        told.clear()
    told.end(found, source, choices["seed"], json_file, plot)
