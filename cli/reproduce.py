"""`ndrop reproduce`."""

from __future__ import annotations

import click


@click.group()
def reproduce() -> None:
    """Repeat what papers have measured.

    \b
    ndrop reproduce uci UCI_Datasets/concrete
    """


@reproduce.command()
@click.argument("folder")
@click.option("--splits", type=click.IntRange(1), help="Only the first so many.  [default: all]")
@click.option(
    "--samples", type=click.IntRange(1), default=10_000, show_default=True, help="Draws of the masks in a prediction."
)
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Of the first split.")
@click.option("--jobs", type=click.IntRange(1), help="Splits at once, of one thread each.  [default: all threads]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.  [default: a table]")
def uci(folder: str, splits: int | None, samples: int, seed: int, jobs: int | None, as_json: bool) -> None:
    """Measure Monte-Carlo dropout on the published splits of a UCI data set, which are in FOLDER.

    Gal & Ghahramani, ICML 2016, Table 1, by the protocol of the authors' later code: for each split the dropout rate
    and the precision of the noise (tau) are chosen on the last fifth of the training part, and measured on the test
    part.

    \b
    ndrop reproduce uci UCI_Datasets/concrete --splits 2
    """
    from numba_dropout import files, reproduce, system

    from .bar import Bar

    given = reproduce.Uci.read(folder)
    bar = Bar(splits or len(given.splits))

    def tell(split: reproduce.Split) -> None:
        bar.update(1, f"rmse {split.rmse:.3f}")

    try:
        study = reproduce.uci(
            given, splits=splits, samples=samples, seed=seed, jobs=jobs or system.threads(), tell=tell
        )
    finally:
        bar.clear()
    record = {**study.record(), **system.provenance(seed)}
    click.echo(files.json_text(record) if as_json else "\n".join(study.table()))
