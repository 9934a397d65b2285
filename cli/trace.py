"""`ndrop trace`."""

from __future__ import annotations

import click


@click.command()
@click.argument("name", metavar="[NAME]", required=False)
@click.option("--html", metavar="FILE", help="Write one page too, with the network to play with.  [default: none]")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Weights and masks.")
@click.option("--masks", help='toy: 0s and 1s for each layer, the input first.  [default: "11;101;110;01"]')
@click.option("--network", metavar="FILE", help="toy: x, p, masks and layers in TOML.  [default: ours]")
@click.option("--all", "every", is_flag=True, help="toy: list every mask with its answer.  [default: off]")
@click.option("--model", metavar="FILE", help="Trace your own network, with --data.  [default: none]")
@click.option("--data", "source", metavar="DATA", help="Rows for --model.  [default: none]")
@click.option("--row", type=click.IntRange(0), default=0, show_default=True, help="Row of --data, from 0 on.")
def trace(
    name: str | None,
    html: str | None,
    seed: int,
    masks: str | None,
    network: str | None,
    every: bool,
    model: str | None,
    source: str | None,
    row: int,
) -> None:
    """Show what dropout does in a run of NAME: pytorch, tensorflow, simplenn or toy; or in a network of your own.

    Stages with shapes and values, training, prediction, and questions with their answers.

    \b
    ndrop trace pytorch --html pytorch.html
    ndrop trace toy --masks "11;110;011;10"
    ndrop trace --model model.npz --data pipeline --row 3
    """
    from numba_dropout import files
    from numba_dropout import trace as traces

    if html:
        files.check_writable(html, keep=[path for path in (network, model, source) if path])
    told = traces.trace(name, traces.Choices(seed, masks, network, every, model, source, row))
    click.echo(traces.written(told), nl=False)
    if html:
        traces.write_page(told, html)
        click.echo(f"\npage   {html}")
