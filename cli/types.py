"""Parameter types: lists of numbers and rates, search spaces, and devices."""

from __future__ import annotations

from typing import Any

import click


class _List(click.ParamType):
    """Comma-separated values of one type, or the word `none`."""

    def __init__(self, name: str, kind: type, example: str) -> None:
        self.name, self.kind, self.example = name, kind, example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a list of the values."""
        if not isinstance(value, str):
            return value
        if value.strip().lower() == "none":
            return []
        try:
            values = [self.kind(text) for text in value.split(",")]
        except ValueError:
            values = []
        if not values or (self.kind is int and min(values) < 1):
            self.fail(f"expected {self.example}, got {value!r}", param, ctx)
        return values


class Names(click.ParamType):
    """One name of a choice, or several separated by commas."""

    name = "names"

    def __init__(self, choice: click.Choice[str]) -> None:
        self.choice = choice

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a name, or a list of the names."""
        if not isinstance(value, str):
            return value
        names = [self.choice.convert(name.strip(), param, ctx) for name in value.split(",")]
        return names[0] if len(names) == 1 else names


TOLERANCE = 1e-6  # share of a step, for numbers in equal steps


class _Rates(_List):
    """One rate, or a list of rates."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a number, or a list of numbers."""
        rates = super().convert(value, param, ctx)
        return rates[0] if isinstance(rates, list) and len(rates) == 1 else rates


class _Sequence(_List):
    """Comma-separated numbers, in which "..." continues the numbers in equal steps."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a list of the numbers."""
        parts = value.split(",") if isinstance(value, str) else []
        if len(parts) < 4 or parts[-2].strip() != "...":
            return super().convert(value, param, ctx)
        start, second, last = super().convert(",".join([*parts[-4:-2], parts[-1]]), param, ctx)
        steps = (last - start) / (second - start) if second != start else 0.0
        if steps < 1 or abs(steps - round(steps)) > TOLERANCE:
            self.fail(f"expected equal steps up to {last:g}, got {value!r}", param, ctx)
        before = super().convert(",".join(parts[:-4]), param, ctx) if parts[:-4] else []
        return before + [round(start + n * (second - start), 12) for n in range(round(steps) + 1)]


class _Named(click.ParamType):
    """A name and its value, NAME=VALUE."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the pair of name and value."""
        if not isinstance(value, str):
            return value
        name, sign, text = value.partition("=")
        if not (name and sign and text):
            self.fail(f"expected NAME=VALUE, got {value!r}", param, ctx)
        return name, text


class _ClassWeight(click.ParamType):
    """The word `balanced`, or weights of classes, NAME=5,OTHER=2."""

    name = "weights"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word, or a dictionary of the weights."""
        if not isinstance(value, str) or value == "balanced":
            return value
        pairs = [part.rpartition("=") for part in value.split(",")]
        try:
            return {name: float(weight) for name, sign, weight in pairs if sign or self.fail("")}
        except (ValueError, click.BadParameter):
            self.fail(f"expected balanced, or a weight for each class such as yes=5,no=1, got {value!r}", param, ctx)


class _Threshold(click.ParamType):
    """A probability, or the measure that chooses it."""

    name = "threshold"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a number, or the name of the measure."""
        if value in ("f1", "balanced_accuracy") or not isinstance(value, str):
            return value
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 < number < 1:
            self.fail(f"expected f1, balanced_accuracy, or a number between 0 and 1, got {value!r}", param, ctx)
        return number


NAMED = _Named()
CLASS_WEIGHT = _ClassWeight()
THRESHOLD = _Threshold()
NUMBERS = _List("numbers", int, "positive integers such as 256,128, or none")
RATES = _Rates("rates", float, "a rate such as 0.5, or one for each layer such as 0.2,0.5")

COUNTS = _List("numbers", int, "positive integers such as 100,1000")
RATE_LIST = _Sequence("rates", float, "rates such as 0,0.2,0.5 or 0,0.1,...,0.9")


class _Several(click.ParamType):
    """Semicolon-separated values of another parameter type."""

    def __init__(self, kind: click.ParamType) -> None:
        self.kind, self.name = kind, kind.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a list of the values."""
        return (
            [self.kind.convert(text.strip(), param, ctx) for text in value.split(";")]
            if isinstance(value, str)
            else value
        )


class _Space(_Sequence):
    """Numbers as in `_Sequence`, or a range such as 1e-4..1e-1."""

    def __init__(self, name: str, example: str, *, logarithmic: bool = False) -> None:
        super().__init__(name, float, example)
        self.logarithmic = logarithmic

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a list of the numbers, or a `search_space.Range`."""
        if not isinstance(value, str) or ".." not in value.replace("...", ""):
            return super().convert(value, param, ctx)
        from numba_dropout.experiments.search_space import Range

        try:
            low, high = (float(text) for text in value.split(".."))
        except ValueError:
            self.fail(f"expected {self.example}, got {value!r}", param, ctx)
        if not low < high or (self.logarithmic and low <= 0):
            self.fail(f"expected a range from a lower to a higher number, got {value!r}", param, ctx)
        return Range(low, high, self.logarithmic)


WIDTHS = _Several(NUMBERS)
RATE_SPACE = _Space("rates", "rates such as 0,0.2,0.5 or 0,0.1,...,0.9 or 0..0.6")
LR_SPACE = _Space("learning rates", "learning rates such as 0.001,0.01 or 1e-4..1e-1", logarithmic=True)


class _Device(click.ParamType):
    """A device's name."""

    name = "device"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the device. For auto, print a note if CUDA is not available."""
        from numba_dropout.arrays import devices

        device = devices.resolve(value)
        if value == "auto" and device == "cpu":
            click.echo(f"device: using the CPU because CUDA is not available: {devices.why_not()}", err=True)
        return device


DEVICE = click.option(
    "--device",
    type=_Device(),
    default="cpu",
    show_default=True,
    help="Device: cpu, cuda, cuda:1, ..., or auto (CUDA if it is available).",
)

JOBS = click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Runs in parallel, with one thread each if more than one.  [default: all threads]",
)
