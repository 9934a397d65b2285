"""Values on the command line that Click has no type for."""

from __future__ import annotations

from typing import Any

import click


class _List(click.ParamType):
    """Values of one type between commas; a word for none of them."""

    def __init__(self, name: str, of: type, example: str) -> None:
        self.name, self.of, self.example = name, of, example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a list of the values."""
        if not isinstance(value, str):
            return value
        if value.strip().lower() == "none":
            return []
        try:
            values = [self.of(part) for part in value.split(",")]
        except ValueError:
            values = []
        if not values or (self.of is int and min(values) < 1):
            self.fail(f"expected {self.example}, got {value!r}", param, ctx)
        return values


TINY = 1e-6  # of a step, which a number may be off


class _Rates(_List):
    """One rate for all, or a list of them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a number, or a list of them."""
        rates = super().convert(value, param, ctx)
        return rates[0] if isinstance(rates, list) and len(rates) == 1 else rates


class _Course(_List):
    """Numbers between commas, of which "..." stands for those that go on in the same steps."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a list of the numbers."""
        parts = value.split(",") if isinstance(value, str) else []
        if len(parts) < 4 or parts[-2].strip() != "...":
            return super().convert(value, param, ctx)
        start, second, last = super().convert(",".join([*parts[-4:-2], parts[-1]]), param, ctx)
        steps = (last - start) / (second - start) if second != start else 0.0
        if steps < 1 or abs(steps - round(steps)) > TINY:
            self.fail(f"expected equal steps up to {last:g}, got {value!r}", param, ctx)
        before = super().convert(",".join(parts[:-4]), param, ctx) if parts[:-4] else []
        return before + [round(start + n * (second - start), 12) for n in range(round(steps) + 1)]


NUMBERS = _List("numbers", int, "whole numbers above 0 such as 256,128, or none")
RATES = _Rates("rates", float, "a rate such as 0.5, or one for each layer such as 0.2,0.5")

COUNTS = _List("numbers", int, "whole numbers above 0 such as 100,1000")
COURSE = _Course("rates", float, "rates such as 0,0.2,0.5 or 0,0.1,...,0.9")


class _Several(click.ParamType):
    """Values between semicolons, each of a type of its own."""

    def __init__(self, of: click.ParamType) -> None:
        self.of, self.name = of, of.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a list of the values."""
        return (
            [self.of.convert(part.strip(), param, ctx) for part in value.split(";")]
            if isinstance(value, str)
            else value
        )


class _Space(_Course):
    """Numbers as `_Course` has them, or all between two, as 1e-4..1e-1."""

    def __init__(self, name: str, example: str, *, logarithmic: bool = False) -> None:
        super().__init__(name, float, example)
        self.logarithmic = logarithmic

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a list of the numbers, or a `tune.Range`."""
        if not isinstance(value, str) or ".." not in value.replace("...", ""):
            return super().convert(value, param, ctx)
        from numba_dropout.experiments.search_space import Range

        try:
            low, high = (float(part) for part in value.split(".."))
        except ValueError:
            self.fail(f"expected {self.example}, got {value!r}", param, ctx)
        if not low < high or (self.logarithmic and low <= 0):
            self.fail(f"expected a range from a lower to a higher number, got {value!r}", param, ctx)
        return Range(low, high, self.logarithmic)


WIDTHS = _Several(NUMBERS)
SPACE_OF_RATES = _Space("rates", "rates such as 0,0.2,0.5 or 0,0.1,...,0.9 or 0..0.6")
SPACE_OF_LRS = _Space("learning rates", "learning rates such as 0.001,0.01 or 1e-4..1e-1", logarithmic=True)


class _Device(click.ParamType):
    """A device's name."""

    name = "device"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the device that is meant, and say so where CUDA was wanted only if it is there."""
        from numba_dropout.arrays import devices

        device = devices.resolve(value)
        if value == "auto" and device == "cpu":
            click.echo(f"device: the CPU, as CUDA cannot be used: {devices.why_not()}", err=True)
        return device


DEVICE = click.option(
    "--device",
    type=_Device(),
    default="cpu",
    show_default=True,
    help="Where to compute: cpu, cuda, cuda:1, ..., or auto, which is CUDA where it can be used.",
)

JOBS = click.option(
    "--jobs", type=click.IntRange(1), help="Runs at once, each of one thread if several.  [default: all threads]"
)
