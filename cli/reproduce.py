"""`ndrop reproduce`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .types import COUNTS, JOBS

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.  [default: a table]")
PLOT = click.option("--plot", metavar="FILE", help="Draw the errors (.png, .pdf, .svg).  [default: none]")
SEED = click.option("--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Of the first run.")


@click.group()
def reproduce() -> None:
    """Repeat what papers have measured.

    \b
    ndrop reproduce uci UCI_Datasets/concrete
    """


def _told(runs: int, written: Callable[[Any], str], work: Callable[..., Any]) -> Any:
    """Do the work with a bar, which moves by what it tells."""
    from .bar import Bar

    bar = Bar(runs)
    try:
        return work(on_result=lambda one: bar.update(1, written(one)))
    finally:
        bar.clear()


def _show(lines: list[str], record: dict[str, Any], seed: int, as_json: bool) -> None:
    """Print a table, or JSON with where it comes from."""
    from numba_dropout.experiments import environment
    from numba_dropout.storage import files

    click.echo(files.json_text({**record, **environment.provenance(seed)}) if as_json else "\n".join(lines))


@reproduce.command()
@click.argument("folder")
@click.option("--splits", type=click.IntRange(1), help="Only the first so many.  [default: all]")
@click.option(
    "--samples", type=click.IntRange(1), default=10_000, show_default=True, help="Draws of the masks in a prediction."
)
@SEED
@JOBS
@JSON
def uci(folder: str, splits: int | None, samples: int, seed: int, jobs: int | None, as_json: bool) -> None:
    """Measure Monte-Carlo dropout on the published splits of a UCI data set, which are in FOLDER.

    Gal & Ghahramani, ICML 2016, Table 1, by the protocol of the authors' later code: for each split the dropout rate
    and the precision of the noise (tau) are chosen on the last fifth of the training part, and measured on the test
    part.

    \b
    ndrop reproduce uci UCI_Datasets/concrete --splits 2
    """
    from functools import partial

    from numba_dropout.experiments import environment, reproduce

    given = reproduce.Uci.read(folder)
    work = partial(reproduce.uci, given, splits=splits, samples=samples, seed=seed, jobs=jobs or environment.threads())
    study = _told(splits or len(given.splits), lambda split: f"rmse {split.rmse:.3f}", work)
    _show(study.table(), study.record(), seed, as_json)


@reproduce.command()
@click.argument("folder")
@click.option("--checkpoints", required=True, metavar="FOLDER", help="Where checkpoints are kept.  [default: none]")
@click.option(
    "--row",
    "rows",
    multiple=True,
    type=click.Choice(["none", "dropout", "max-norm"]),
    help="Only this row, or these.  [default: all]",
)
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Runs of each row.")
@click.option("--updates", type=click.IntRange(1), default=50_000, show_default=True, help="Of each run.")
@SEED
@JOBS
@JSON
@PLOT
def mnist(
    folder: str,
    checkpoints: str,
    rows: tuple[str, ...],
    seeds: int,
    updates: int,
    seed: int,
    jobs: int | None,
    as_json: bool,
    plot: str | None,
) -> None:
    """Train three layers of 1,024 ReLUs on MNIST, whose files are in FOLDER: without dropout, with it, and max-norm.

    Srivastava et al., JMLR 2014, Table 2; ± is the standard deviation over the seeds. Called again with the same
    checkpoints, it goes on where it was.

    \b
    mkdir checkpoints; ndrop reproduce mnist mnist/ --checkpoints checkpoints
    """
    from functools import partial

    from numba_dropout.experiments import environment, reproduce
    from numba_dropout.viz import plots as plots

    from ._train_progress import check_outputs

    check_outputs([folder], plot=plot)
    chosen = rows or tuple(reproduce.ROWS)
    choices: dict[str, Any] = {"rows": chosen, "seeds": seeds, "first_seed": seed, "updates": updates}
    work = partial(reproduce.table2, folder, checkpoints, **choices, jobs=jobs or environment.threads())
    table = _told(len(chosen) * seeds, lambda run: f"{run.row} {run.seed}: {run.test_error:.2f} %", work)
    _show(table.lines(), table.record(), seed, as_json)
    if plot:
        plots.test_errors(table, plot)


@reproduce.command()
@click.argument("folder")
@click.option(
    "--sizes",
    "counts",
    type=COUNTS,
    default="100,500,1000,5000,10000,50000",
    show_default=True,
    help="Numbers of images to learn from.",
)
@click.option("--updates", type=click.IntRange(1), default=3_000, show_default=True, help="Of each run, at least.")
@click.option("--epochs", type=click.IntRange(1), default=40, show_default=True, help="Of each run, at least.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Runs of each, by seed.")
@SEED
@JOBS
@JSON
@PLOT
def sizes(
    folder: str,
    counts: list[int],
    updates: int,
    epochs: int,
    repeats: int,
    seed: int,
    jobs: int | None,
    as_json: bool,
    plot: str | None,
) -> None:
    """Train on several numbers of MNIST's images, whose files are in FOLDER, with dropout and without.

    Srivastava et al., JMLR 2014, figure 10; ± is the standard deviation over the repeats.

    \b
    ndrop reproduce sizes mnist/ --plot sizes.png
    """
    from functools import partial

    from numba_dropout.experiments import environment, reproduce
    from numba_dropout.viz import plots as plots

    from ._train_progress import check_outputs

    check_outputs([folder], plot=plot)
    choices: dict[str, Any] = {"counts": counts, "updates": updates, "epochs": epochs, "repeats": repeats, "seed": seed}
    work = partial(reproduce.sizes, folder, **choices, jobs=jobs or environment.threads())
    found = _told(2 * len(counts) * repeats, lambda one: f"{one.size}: {one.test_error:.2f} %", work)
    _show(found.lines(), found.record(), seed, as_json)
    if plot:
        plots.sizes(found, plot)
