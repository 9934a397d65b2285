"""`ndrop bench`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import click

from .types import DEVICE

GROUPS = ["kernels", "train", "memory", "startup", "estimators"]


@click.command()
@click.argument("groups", nargs=-1, metavar="[GROUP]...", type=click.Choice(GROUPS))
@click.option("--size", multiple=True, metavar="SIZE", help="What to measure; may be repeated.  [default: see above]")
@click.option("--peers", metavar="NAMES", help="Whom to measure beside: numpy,torch or none.  [default: all]")
@click.option(
    "--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True, help="Precision."
)
@DEVICE
@click.option("--threads", type=click.IntRange(1), help="Threads that each may use.  [default: all]")
@click.option("--rounds", type=click.IntRange(1), help="Times that each has its turn.  [default: 11; 10 seeds]")
@click.option("--mnist", metavar="FOLDER", help="Of its files, for estimators.  [default: without MNIST]")
@click.option("--json", "json_file", metavar="FILE", help="Write all figures there.  [default: nowhere]")
@click.option("--plot", metavar="FILE", help="Draw the figures (.png, .pdf, .svg).  [default: nowhere]")
def bench(groups: tuple[str, ...], json_file: str | None, plot: str | None, mnist: str | None, **choices: Any) -> None:
    """Measure kernels, training steps, memory and start-up, beside NumPy, PyTorch, JAX, Keras and scikit-learn.

    GROUP is kernels, train, memory or startup; these if none is named, in up to a quarter of an hour. Everyone has a
    process of its own, is checked before it is timed, and has its turn in each round; what is not installed is said.
    The group estimators is measured by itself: scikit-learn's sets, and MNIST, beside its own MLP, seed by seed.
    A SIZE is a number of elements (1048576 or 2^20), a product of batch x inputs x units (128x784x1024), or a network
    and its batch (784-256-256-10@128); a group takes those of its forms.

    \b
    ndrop bench
    ndrop bench kernels --size 2^20 --size 128x784x1024 --json figures.json --plot figures.png
    ndrop bench estimators --mnist mnist/
    """
    if "estimators" in groups:
        return _estimators(groups, json_file, mnist, plot=plot, **choices)
    if mnist is not None:
        raise click.UsageError("--mnist: expected with estimators")
    return _groups(groups, json_file, plot, **choices)


@contextlib.contextmanager
def _cleared(bar: Any) -> Iterator[None]:
    """Take a bar away at the end, and say that nothing was written where Ctrl-C is."""
    try:
        yield
    except KeyboardInterrupt:
        bar.clear()
        click.echo("stopped; nothing was written", err=True)
        raise SystemExit(130) from None
    finally:
        bar.clear()


def _groups(
    groups: tuple[str, ...], json_file: str | None, plot: str | None, *, rounds: int | None, **choices: Any
) -> None:
    """Measure the other groups."""
    from numba_dropout_bench import chart, report, run

    from .bar import Bar

    run.check_outputs(json_file, plot)
    plan = run.plan(groups, rounds=rounds or run.ROUNDS, **choices)
    bar = Bar(plan.steps())
    with _cleared(bar):
        bar.echo(report.heading(plan))
        record = run.measure(plan, bar.update, lambda case: bar.echo(report.table(case)))
    bar.echo(report.ending(record))
    if json_file:
        run.write(record, json_file)
    if plot:
        chart.draw(record, plot)
    bar.echo(report.files(json_file, plot))


def _estimators(
    groups: tuple[str, ...],
    json_file: str | None,
    mnist: str | None,
    *,
    rounds: int | None,
    threads: int | None,
    **others: Any,
) -> None:
    """Measure the group estimators."""
    from numba_dropout_bench import estimators

    from numba_dropout.experiments import environment
    from numba_dropout.storage import files

    from .bar import Bar

    given = click.get_current_context().get_parameter_source
    wrong = [name for name in others if given(name) != click.core.ParameterSource.DEFAULT]
    if set(groups) != {"estimators"} or wrong:
        what = f"--{wrong[0]}" if wrong else " ".join(sorted(set(groups) - {"estimators"}))
        raise click.UsageError(
            f"estimators: expected by itself, with --mnist, --rounds, --threads or --json; got {what}"
        )
    chosen, seeds = estimators.cases(mnist), rounds or estimators.SEEDS
    if json_file:
        files.check_writable(json_file)
    bar = Bar(len(chosen) * seeds)
    with _cleared(bar):
        record = estimators.measure(chosen, seeds, threads or environment.threads(), bar.update, bar.echo)
    if json_file:
        files.write_json(json_file, record)
        click.echo(f"\njson   {json_file}")
