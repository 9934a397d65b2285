"""A counter of the seed, site and step of masks."""

from __future__ import annotations

import threading

import numpy as np

from ..core import checks, contract, errors

_counting = threading.Lock()

__all__ = ["MaskGenerator"]


class MaskGenerator:
    """Counter of sites and steps for a seed, so that layers never share a mask by accident.

    Several threads may call it at once, but the current step is the same for all of them. Use one generator with a
    different seed for each thread that counts steps separately.

    Parameters
    ----------
    seed : int
        `0..2**64-1`.
    step : int
        The first step, below `2**32`.

    Raises
    ------
    ValueError, TypeError
        seed, step or site is out of its range, or there are more than 2**24 sites.

    Examples
    --------
    >>> masks = nd.MaskGenerator(seed=7)
    >>> first, second = masks.site(), masks.site()
    >>> masks.at(first), masks.at(second)
    ({'seed': 7, 'stream': 0, 'step': 0}, {'seed': 7, 'stream': 1, 'step': 0})
    >>> masks.advance()
    >>> masks.at(first)
    {'seed': 7, 'stream': 0, 'step': 1}
    """

    def __init__(self, seed: int, step: int = 0) -> None:
        contract.key(seed)
        self.seed = int(seed)
        self.step_array = np.zeros((), np.int64)  # compiled functions read the step of each call
        self.step = step
        self.sites = 0

    @property
    def step(self) -> int:
        """The current step."""
        return int(self.step_array)

    @step.setter
    def step(self, value: int) -> None:
        self.step_array = np.array(checks.integer(value, "step", 0, 2**32 - 1))

    def site(self) -> int:
        """Return the number of the next site, for the argument `stream`."""
        with _counting:
            self.sites = checks.integer(self.sites + 1, "number of sites", 1, 2**24)
            return self.sites - 1

    def at(self, site: int) -> dict[str, int]:
        """Return the keyword arguments seed, stream and step of a site at the current step."""
        if not self.sites:
            raise errors.InputError(f"site: expected a number that `site()` has returned, got {site!r} before any")
        return {"seed": self.seed, "stream": checks.integer(site, "site", 0, self.sites - 1), "step": self.step}

    def advance(self) -> None:
        """Go to the next step."""
        with _counting:
            self.step += 1
