"""`ndrop reproduce`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .types import COUNTS, JOBS

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.  [default: a table]")
PLOT = click.option("--plot", metavar="FILE", help="Draw the errors (.png, .pdf, .svg).  [default: none]")
SEED = click.option(
    "--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Seed of the first run."
)


@click.group()
def reproduce() -> None:
    """Reproduce published results.

    \b
    ndrop reproduce uci UCI_Datasets/concrete
    """


def _with_bar(runs: int, text_of: Callable[[Any], str], work: Callable[..., Any]) -> Any:
    """Call `work` with a progress bar that advances with each result."""
    from .bar import Bar

    bar = Bar(runs)
    try:
        return work(on_result=lambda result: bar.update(1, text_of(result)))
    finally:
        bar.clear()


def _show(lines: list[str], record: dict[str, Any], seed: int, as_json: bool) -> None:
    """Print a table, or JSON with its provenance."""
    from numba_dropout.experiments import environment
    from numba_dropout.storage import files

    click.echo(files.json_text({**record, **environment.provenance(seed)}) if as_json else "\n".join(lines))


@reproduce.command()
@click.argument("folder")
@click.option("--splits", type=click.IntRange(1), help="Number of splits, from the first.  [default: all]")
@click.option(
    "--samples", type=click.IntRange(1), default=10_000, show_default=True, help="Mask samples per prediction."
)
@SEED
@JOBS
@JSON
def uci(folder: str, splits: int | None, samples: int, seed: int, jobs: int | None, as_json: bool) -> None:
    """Evaluate Monte-Carlo dropout on the published splits of a UCI data set in FOLDER.

    Gal & Ghahramani, ICML 2016, Table 1, with the protocol of the authors' later code: for each split the dropout rate
    and the noise precision (tau) are chosen on the last fifth of the training part and evaluated on the test part.

    \b
    ndrop reproduce uci UCI_Datasets/concrete --splits 2
    """
    from functools import partial

    from numba_dropout.experiments import environment, reproduce

    dataset = reproduce.Uci.read(folder)
    work = partial(
        reproduce.uci, dataset, splits=splits, samples=samples, seed=seed, jobs=jobs or environment.threads()
    )
    study = _with_bar(splits or len(dataset.splits), lambda split: f"rmse {split.rmse:.3f}", work)
    _show(study.table(), study.record(), seed, as_json)


@reproduce.command()
@click.argument("folder")
@click.option("--checkpoints", required=True, metavar="FOLDER", help="Folder of the checkpoints.  [required]")
@click.option(
    "--row",
    "rows",
    multiple=True,
    type=click.Choice(["none", "dropout", "max-norm"]),
    help="Row of the table. May be repeated.  [default: all]",
)
@click.option(
    "--seeds", type=click.IntRange(1), default=3, show_default=True, help="Runs of each row, with different seeds."
)
@click.option("--updates", type=click.IntRange(1), default=50_000, show_default=True, help="Updates of each run.")
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
    """Train three layers of 1,024 ReLUs on MNIST's files in FOLDER: without dropout, with dropout, and with max-norm.

    Srivastava et al., JMLR 2014, Table 2. ± is the standard deviation over the seeds. Run the command again with the
    same checkpoints to resume it.

    \b
    mkdir checkpoints; ndrop reproduce mnist mnist/ --checkpoints checkpoints
    """
    from functools import partial

    from numba_dropout.experiments import environment, reproduce
    from numba_dropout.viz import plots

    from ._train_progress import check_outputs

    check_outputs([folder], plot=plot)
    chosen = rows or tuple(reproduce.ROWS)
    choices: dict[str, Any] = {"rows": chosen, "seeds": seeds, "first_seed": seed, "updates": updates}
    work = partial(reproduce.table2, folder, checkpoints, **choices, jobs=jobs or environment.threads())
    table = _with_bar(len(chosen) * seeds, lambda run: f"{run.row} {run.seed}: {run.test_error:.2f} %", work)
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
    help="Numbers of training images.",
)
@click.option(
    "--updates", type=click.IntRange(1), default=3_000, show_default=True, help="Minimum updates of each run."
)
@click.option("--epochs", type=click.IntRange(1), default=40, show_default=True, help="Minimum epochs of each run.")
@click.option(
    "--repeats", type=click.IntRange(1), default=3, show_default=True, help="Runs of each size, with different seeds."
)
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
    """Train on subsets of MNIST of several sizes, with and without dropout. FOLDER contains MNIST's files.

    Srivastava et al., JMLR 2014, figure 10. ± is the standard deviation over the repeats.

    \b
    ndrop reproduce sizes mnist/ --plot sizes.png
    """
    from functools import partial

    from numba_dropout.experiments import environment, reproduce
    from numba_dropout.viz import plots

    from ._train_progress import check_outputs

    check_outputs([folder], plot=plot)
    choices: dict[str, Any] = {"counts": counts, "updates": updates, "epochs": epochs, "repeats": repeats, "seed": seed}
    work = partial(reproduce.sizes, folder, **choices, jobs=jobs or environment.threads())
    result = _with_bar(2 * len(counts) * repeats, lambda run: f"{run.size}: {run.test_error:.2f} %", work)
    _show(result.lines(), result.record(), seed, as_json)
    if plot:
        plots.sizes(result, plot)
