"""`ndrop tune`."""

from __future__ import annotations

from typing import Any

import click

from ._options import with_options
from ._table_options import with_table_options
from .types import JOBS, LR_SPACE, RATE_SPACE, WIDTHS


@click.command()
@click.argument("source", metavar="[DATA]", default="pipeline")
@click.option("--out", default="model.npz", show_default=True, help="File of the best model, retrained on all rows.")
@click.option(
    "--rates",
    type=RATE_SPACE,
    default="0,0.2,0.5",
    show_default=True,
    help="Dropout rates of hidden units: a,b or a..b.",
)
@click.option("--input-rates", type=RATE_SPACE, help="Dropout rates of the input.  [default: --input-dropout]")
@click.option("--widths", type=WIDTHS, help='Hidden layers: "128;256,256;none".  [default: that of train]')
@click.option("--lrs", type=LR_SPACE, help="Learning rates: a,b or a..b.  [default: --lr]")
@click.option(
    "--search",
    type=click.Choice(["grid", "random", "halving"]),
    default="grid",
    show_default=True,
    help="All combinations, random ones, or successive halving (many for few epochs, the best of them for more).",
)
@click.option(
    "--trials",
    type=click.IntRange(1),
    help="Number of random trials (required), or of trials in the first round of halving.  [default: all]",
)
@click.option("--eta", type=click.IntRange(2), default=3, show_default=True, help="Halving keeps one trial in ETA.")
@click.option("--val", type=float, metavar="FRACTION", help="Fraction of the rows held out.  [default: 0.2]")
@click.option("--repeats", type=click.IntRange(1), help="Number of random splits.  [default: 1]")
@click.option("--folds", type=click.IntRange(2), help="Use cross-validation with this many folds.  [default: none]")
@click.option(
    "--splits", metavar="FOLDER", help="Use the splits index_train_0.txt, index_test_0.txt, ...  [default: none]"
)
@with_options(
    *(
        "target",
        "loss",
        "target-transform",
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
@with_table_options
@JOBS
@click.option("--journal", metavar="FILE", help="Record finished runs, and resume from them.  [default: none]")
@click.option("--json", "json_file", metavar="FILE", help="Write all results as JSON.  [default: none]")
@click.option("--plot", metavar="FILE", help="Draw the trials (.png, .pdf, .svg).  [default: none]")
def tune(source: str, out: str, **options: Any) -> None:
    """Search for the dropout rates, widths and learning rate with the lowest loss on held-out rows of DATA.

    DATA is as in `ndrop train`. The best network is retrained on all rows and written to a file. Use --journal to
    resume an interrupted search.

    \b
    ndrop tune pipeline --rates 0,0.1,0.3 --widths "10;64,64" --journal t.jsonl
    ndrop tune mnist/ --search halving --trials 27 --rates 0..0.6 --lrs 1e-4..1e-2
    """
    from ._tune_report import Search

    Search(source, out, options).finish()
