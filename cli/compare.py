"""`ndrop compare`."""

from __future__ import annotations

from typing import Any

import click

from ._options import with_options
from ._table_options import table_options, with_table_options
from .types import JOBS, RATE_LIST


@click.command()
@click.argument("source", metavar="[DATA]", default="pipeline")
@click.option(
    "--rates", type=RATE_LIST, default="0,0.1,...,0.9", show_default=True, help="Dropout rates of hidden units."
)
@click.option(
    "--repeats", type=click.IntRange(1), default=3, show_default=True, help="Runs of each rate, with different seeds."
)
@click.option("--rows", type=click.IntRange(1), help="Train on this many rows, drawn by the seed.  [default: all]")
@with_options(
    *(
        "target",
        "loss",
        "target-transform",
        "hidden",
        "activation",
        "input-dropout",
        "variant",
        "dropout-schedule",
        "optimizer",
        "lr",
        "momentum",
    ),
    *("momentum-steps", "nesterov", "weight-decay", "clip-norm", "max-norm", "schedule", "decay-steps", "epochs"),
    *("batch-size", "seed", "standardize", "stratify", "group", "time", "class-weight", "dtype"),
)
@click.option(
    "--val",
    type=float,
    metavar="FRACTION",
    help="Fraction of the rows held out for validation.  [default: 0.2; a folder of IDX files: its test part]",
)
@with_table_options
@JOBS
@click.option("--json", "json_file", metavar="FILE", help="Write all results as JSON.  [default: none]")
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
    """Train the same network on DATA at several dropout rates, and compare the validation losses.

    DATA is as in `ndrop train`. Losses are measured after training, in evaluation mode. ± is the standard deviation
    over the repeats, which differ in weights, masks and row order.

    \b
    ndrop compare pipeline --rates 0,0.2,0.5
    ndrop compare mnist/ --rows 1000 --hidden 1024,1024 --plot rates.png
    """
    from numba_dropout.experiments import compare, config, environment
    from numba_dropout.storage import output_formats

    from ._compare_report import CompareReport
    from ._train_progress import check_outputs

    check_outputs([source, choices["columns"]], json_file, plot=plot)
    if json_file:
        output_formats.check_format(json_file, output_formats.JSON, "figures")
    report = CompareReport(len(rates) * repeats)
    try:
        comparison = compare.compare(
            source,
            rates,
            config.TrainConfig.of(table_options(choices)),
            repeats=repeats,
            jobs=jobs or environment.threads(),
            on_result=report.on_result,
        )
    finally:
        report.clear()
    report.finish(comparison, source, choices["seed"], json_file, plot)
