"""`ndrop tune`."""

from __future__ import annotations

from typing import Any

import click

from ._options import with_choices
from .types import JOBS, SPACE_OF_LRS, SPACE_OF_RATES, WIDTHS


@click.command()
@click.argument("source", metavar="[DATA]", default="pipeline")
@click.option("--out", default="model.npz", show_default=True, help="Where to write the best model, on all rows.")
@click.option(
    "--rates", type=SPACE_OF_RATES, default="0,0.2,0.5", show_default=True, help="Rates on hidden units: a,b or a..b."
)
@click.option("--input-rates", type=SPACE_OF_RATES, help="Rates on the input.  [default: as --input-dropout]")
@click.option("--widths", type=WIDTHS, help='Hidden layers: "128;256,256;none".  [default: as ndrop train]')
@click.option("--lrs", type=SPACE_OF_LRS, help="Learning rates: a,b or a..b.  [default: as --lr]")
@click.option(
    "--search",
    type=click.Choice(["grid", "random", "halving"]),
    default="grid",
    show_default=True,
    help="All together, some at random, or many for few epochs and the best of them for more.",
)
@click.option(
    "--trials",
    type=click.IntRange(1),
    help="How many, at random (needed there), or in the first round of halving.  [default: all]",
)
@click.option("--eta", type=click.IntRange(2), default=3, show_default=True, help="Halving keeps one in so many.")
@click.option("--val", type=float, metavar="FRACTION", help="Share of the rows held out.  [default: 0.2]")
@click.option("--repeats", type=click.IntRange(1), help="Shares drawn so many times.  [default: 1]")
@click.option("--folds", type=click.IntRange(2), help="Cross-validation instead, in so many parts.  [default: none]")
@click.option("--splits", metavar="FOLDER", help="index_train_0.txt, index_test_0.txt, ... instead.  [default: none]")
@with_choices(
    *("target", "loss", "input-dropout", "variant", "dropout-schedule", "optimizer", "lr", "momentum"),
    *("momentum-steps", "nesterov", "weight-decay", "clip-norm", "max-norm", "schedule", "decay-steps", "epochs"),
    *("batch-size", "seed", "standardize", "dtype"),
)
@JOBS
@click.option("--journal", metavar="FILE", help="Note what is done there, and go on from it.  [default: none]")
@click.option("--json", "json_file", metavar="FILE", help="Write all figures there.  [default: none]")
@click.option("--plot", metavar="FILE", help="Draw the trials (.png, .pdf, .svg).  [default: none]")
def tune(source: str, out: str, **given: Any) -> None:
    """Search for the rates, widths and learning rate that do best on rows of DATA that are held out.

    DATA is what `ndrop train` takes. The best network is trained again on all rows and written to a file. A search that
    was ended goes on from its journal.

    \b
    ndrop tune pipeline --rates 0,0.1,0.3 --widths "10;64;64,64" --journal tune.jsonl
    ndrop tune mnist/ --search halving --trials 27 --rates 0..0.6 --lrs 1e-4..1e-2 --widths "256;512,512"
    """
    from ._tune_report import Search

    Search(source, out, given).end()
