"""`ndrop bench`."""

from __future__ import annotations

from typing import Any

import click

from .types import DEVICE


@click.command()
@click.argument("groups", nargs=-1, metavar="[GROUP]...", type=click.Choice(["kernels", "train", "memory", "startup"]))
@click.option("--size", multiple=True, metavar="SIZE", help="What to measure; may be repeated.  [default: see above]")
@click.option("--peers", metavar="NAMES", help="Whom to measure beside: numpy,torch or none.  [default: all]")
@click.option(
    "--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True, help="Precision."
)
@DEVICE
@click.option("--threads", type=click.IntRange(1), help="Threads that each may use.  [default: all]")
@click.option("--rounds", type=click.IntRange(1), default=11, show_default=True, help="Times that each has its turn.")
@click.option("--json", "json_file", metavar="FILE", help="Write all figures there.  [default: nowhere]")
@click.option("--plot", metavar="FILE", help="Draw the figures (.png, .pdf, .svg).  [default: nowhere]")
def bench(groups: tuple[str, ...], json_file: str | None, plot: str | None, **choices: Any) -> None:
    """Measure kernels, training steps, memory and start-up, beside NumPy, PyTorch, JAX, Keras and scikit-learn.

    GROUP is kernels, train, memory or startup; all if none is named, in up to a quarter of an hour. Everyone has a
    process of its own, is checked before it is timed, and has its turn in each round; what is not installed is said.
    A SIZE is a number of elements (1048576 or 2^20), a product of batch x inputs x units (128x784x1024), or a network
    and its batch (784-256-256-10@128); a group takes those of its forms.

    \b
    ndrop bench
    ndrop bench kernels --size 2^20 --size 128x784x1024 --json figures.json --plot figures.png
    """
    from numba_dropout_bench import chart, report, run

    from .bar import Bar

    run.check_outputs(json_file, plot)
    plan = run.plan(groups, **choices)
    bar = Bar(plan.steps())
    try:
        bar.echo(report.heading(plan))
        record = run.measure(plan, bar.update, lambda case: bar.echo(report.table(case)))
    except KeyboardInterrupt:
        bar.clear()
        click.echo("stopped; nothing was written", err=True)
        raise SystemExit(130) from None
    finally:
        bar.clear()
    bar.echo(report.ending(record))
    if json_file:
        run.write(record, json_file)
    if plot:
        chart.draw(record, plot)
    bar.echo(report.files(json_file, plot))
