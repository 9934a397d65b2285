"""The command group and its errors.

Invalid input gives one line and exit code 2. A bug gives a traceback and exit code 1.
"""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import click

from .bench import bench
from .columns import columns
from .compare import compare
from .evaluate import evaluate
from .export import export
from .info import info
from .predict import predict
from .reproduce import reproduce
from .trace import trace
from .train import train
from .tune import tune


class InvalidInput(click.ClickException):
    """An error in the input."""

    exit_code = 2


@contextlib.contextmanager
def one_line() -> Iterator[None]:
    """Turn errors of Click, the library and the system into one line. Other exceptions, which are bugs, pass."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        program = error.ctx.command_path if error.ctx else "ndrop"
        message = error.format_message()
        point = "" if message.endswith((".", "?", "!", ")")) else "."
        raise InvalidInput(f"{message}{point} See '{program} --help'.") from error
    except BrokenPipeError:
        raise
    except MemoryError as error:
        raise InvalidInput(f"not enough memory ({error}); try fewer units or smaller batches") from error
    except OSError as error:
        raise InvalidInput(f"{error.filename or 'a file'}: {error.strerror or error}") from error
    except ValueError as error:
        if type(error).__module__.startswith("numba_dropout."):
            raise InvalidInput(str(error)) from error
        raise


@contextlib.contextmanager
def short_warnings() -> Iterator[None]:
    """Print each warning as one line, without its location in the code."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_: click.echo(f"Warning: {message}", err=True)
        yield


def for_command_line(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command whose messages write options as the command line takes them."""

    @functools.wraps(callback)
    def run(*args: Any, **kwargs: Any) -> Any:
        from numba_dropout.core.options import command_line

        with command_line():
            return callback(*args, **kwargs)

    return run


class Commands(click.Group):
    """A group that prints errors as one line. The library and Numba load with the first command, not with its help."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, or a group with its commands."""
        members = list(cmd.commands.values()) if isinstance(cmd, click.Group) else [cmd]
        for member in members:
            assert member.callback is not None
            member.callback = for_command_line(member.callback)
        super().add_command(cmd, name)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments. Without any, Click shows the help."""
        if not args:
            return super().parse_args(ctx, args)
        with one_line():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with one_line(), short_warnings():
            return super().invoke(ctx)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="numba-dropout")
def cli() -> None:
    """Train, evaluate and use multilayer perceptrons with dropout, on kernels compiled by Numba.

    \b
    ndrop train                        train on the built-in data, in seconds
    ndrop train table.csv --val 0.2    train on your table: its last column
    ndrop columns table.csv            show what becomes of its columns
    ndrop evaluate model.npz more.csv
    ndrop predict model.npz new.csv --proba
    ndrop trace pytorch                show dropout step by step
    ndrop compare table.csv            find the best dropout rate for your data
    ndrop bench                        measure the speed, also of others
    """


for command in (train, evaluate, predict, columns, export, trace, compare, tune, reproduce, bench, info):
    cli.add_command(command)
