"""`ndrop info`."""

from __future__ import annotations

import click


@click.command()
def info() -> None:
    """Show versions, instruction set, threads, threading layer, and the state of CUDA.

    \b
    ndrop info
    """
    from numba_dropout.experiments import environment

    for name, value in environment.describe().items():
        click.echo(f"{name:<16} {value}")
