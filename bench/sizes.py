"""Sizes on the command line: elements, products and networks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from numba_dropout.core.errors import InputError

__all__ = ["TRAIN_SIZES", "Network", "Sizes", "elements", "parse"]

FORMS = "elements such as 1048576 or 2^20, a product such as 128x784x1024, or a network such as 784-256-10@128"
MAX = {"elements": 2**32, "product": 2**20, "network": 2**20}  # limits of the run time
BATCH = 128  # default rows of a network's batch
FORMS_OF = {
    "kernels": ("elements", "product"),
    "train": ("network",),
    "memory": ("network",),
    "startup": (),
    "peers": ("elements", "network"),
}


class Network(NamedTuple):
    """The units of each layer, starting with the input, and the rows of a batch."""

    units: tuple[int, ...]
    batch: int

    def __str__(self) -> str:
        """Return the text that `parse` reads."""
        return f"{'-'.join(map(str, self.units))}@{self.batch}"


class Sizes(NamedTuple):
    """The sizes to measure: numbers of elements, products (batch, inputs, units), and networks."""

    elements: tuple[int, ...] = ()
    products: tuple[tuple[int, int, int], ...] = ()
    networks: tuple[Network, ...] = ()


KERNEL_SIZES = Sizes(
    elements=(2**16, 2**20, 2**25),
    products=(
        (64, 256, 256),
        (128, 784, 1024),
        (128, 1024, 1024),
        (512, 1024, 1024),
        (1024, 1024, 1024),
        (2048, 2048, 2048),
    ),
)
TRAIN_SIZES = Sizes(
    networks=(Network((784, 1024, 1024, 1024, 10), 128), Network((784, 256, 256, 10), 128), Network((20, 10, 3), 32))
)
CUDA_SIZES = {
    "kernels": Sizes(elements=(2**20, 2**28), products=((128, 1024, 1024), (4096, 1024, 1024), (4096, 4096, 4096))),
    "train": Sizes(networks=tuple(Network((784, 1024, 1024, 1024, 10), batch) for batch in (128, 4096))),
}
MEMORY_SIZES = Sizes(networks=TRAIN_SIZES.networks[:1])
PEER_SIZES = Sizes(elements=(1000,), networks=TRAIN_SIZES.networks[:1])
DEFAULTS = {
    "kernels": KERNEL_SIZES,
    "train": TRAIN_SIZES,
    "memory": MEMORY_SIZES,
    "startup": Sizes(),
    "peers": PEER_SIZES,
}


def elements(n: int) -> str:
    """Return the text of a number of elements, as a power of two if it is one of at least 1024."""
    return f"2^{n.bit_length() - 1}" if n >= 1024 and n & (n - 1) == 0 else str(n)


def parse(texts: Sequence[str], groups: Sequence[str], *, on_cuda: bool = False) -> dict[str, Sizes]:
    """Return the sizes of each group: those in its forms, or else its defaults. Raise InputError for invalid sizes."""
    numbers_of: dict[str, list[tuple[int, ...]]] = {"elements": [], "product": [], "network": []}
    networks: list[Network] = []
    for text in texts:
        form = _form(text)
        if not any(form in FORMS_OF[group] for group in groups):
            raise InputError(f"size: {text!r} is of a form ({form}) not valid for {' and '.join(groups)}")
        numbers = _numbers(text, form)
        if form == "network":
            networks.append(Network(numbers[:-1], numbers[-1]))
        else:
            numbers_of[form].append(numbers)
    chosen = Sizes(
        tuple(n for (n,) in numbers_of["elements"]),
        tuple((b, c, k) for b, c, k in numbers_of["product"]),
        tuple(networks),
    )
    defaults = CUDA_SIZES if on_cuda else DEFAULTS
    return {group: _of(group, chosen, defaults) for group in groups}


def _of(group: str, chosen: Sizes, defaults: dict[str, Sizes]) -> Sizes:
    fits = Sizes(
        chosen.elements if "elements" in FORMS_OF[group] else (),
        chosen.products if "product" in FORMS_OF[group] else (),
        chosen.networks if "network" in FORMS_OF[group] else (),
    )
    return fits if any(fits) else defaults[group]


def _form(text: str) -> str:
    number = r"\d{1,12}"
    forms = {
        "elements": rf"{number}(\^\d{{1,2}})?",
        "product": rf"{number}x{number}x{number}",
        "network": rf"{number}(-{number})+(@{number})?",
    }
    for name, pattern in forms.items():
        if re.fullmatch(pattern, text, re.ASCII):
            return name
    raise InputError(f"size: expected {FORMS}, got {text!r}")


def _numbers(text: str, form: str) -> tuple[int, ...]:
    """Return the numbers in a size. The last one of a network is its batch."""
    numbers = tuple(map(int, re.findall(r"\d+", text)))
    if form == "elements" and len(numbers) == 2:
        numbers = (numbers[0] ** numbers[1],)
    if form == "network" and "@" not in text:
        numbers = (*numbers, BATCH)
    largest = MAX[form]
    if not all(1 <= n <= largest for n in numbers):
        raise InputError(f"size: expected numbers from 1 to {elements(largest)}, got {text!r}")
    if form == "network" and numbers[-2] < 2:
        raise InputError(f"size: expected a network with at least 2 outputs, got {text!r}")
    return numbers
