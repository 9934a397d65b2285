"""`ndrop trace`."""

from __future__ import annotations

import click


@click.command()
@click.argument("name", metavar="[NAME]", required=False)
@click.option("--html", metavar="FILE", help="Also write an interactive HTML page.  [default: none]")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Seed of weights and masks.  [default: 0]")
@click.option("--masks", help='toy: masks of 0 and 1 for each layer, the input first.  [default: "11;101;110;01"]')
@click.option("--network", metavar="FILE", help="toy: x, p, masks and layers in TOML.  [default: built in]")
@click.option("--all", "every", is_flag=True, help="toy: list every mask with its output.  [default: off]")
@click.option("--model", metavar="FILE", help="Model to trace, with --data.  [default: none]")
@click.option("--data", "source", metavar="DATA", help="Rows for --model.  [default: none]")
@click.option("--row", type=click.IntRange(0), help="Row of --data, counted from 0.  [default: 0]")
def trace(
    name: str | None,
    html: str | None,
    seed: int | None,
    masks: str | None,
    network: str | None,
    every: bool,
    model: str | None,
    source: str | None,
    row: int | None,
) -> None:
    """Show dropout step by step in the example NAME (pytorch, tensorflow, simplenn or toy) or in your own model.

    The output has stages with shapes and values, training, prediction, and questions with their answers.

    \b
    ndrop trace pytorch --html pytorch.html
    ndrop trace toy --masks "11;110;011;10"
    ndrop trace --model model.npz --data pipeline --row 3
    """
    from numba_dropout.experiments import environment
    from numba_dropout.storage import files, output_formats
    from numba_dropout.viz import trace as traces

    environment.set_threads(1)  # on small batches, threads would wait for each other
    if html is not None:
        files.check_writable(html, keep=[path for path in (network, model, source) if path])
        output_formats.check_format(html, output_formats.PAGES, "a page")
    result = traces.trace(name, traces.Choices(seed, masks, network, every, model, source, row))
    click.echo(traces.written(result), nl=False)
    if html is not None:
        traces.write_page(result, html)
        click.echo(f"\npage   {html}")
