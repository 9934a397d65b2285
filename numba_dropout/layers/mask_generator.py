"""A counting source of the numbers that place a mask."""

from __future__ import annotations

import threading

from ..core import checks, contract, errors

_counting = threading.Lock()

__all__ = ["MaskGenerator"]


class MaskGenerator:
    """Count (seed, stream, step): hand out sites, so that layers never share a mask by accident, and steps.

    Calls of several threads are counted one by one, but the present step is the same for all of them. Threads that draw
    masks at steps of their own each need a generator, with a seed of its own.

    Parameters
    ----------
    seed : int
        `0..2**64-1`.
    step : int
        The first step, below `2**32`.

    Raises
    ------
    ValueError, TypeError
        A number is out of its range: seed, step, site, or more than 2**24 sites.

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
        self.step = checks.integer(step, "step", 0, 2**32 - 1)
        self.sites = 0

    def site(self) -> int:
        """Return the next site's number, to be used as `stream`."""
        with _counting:
            self.sites = checks.integer(self.sites + 1, "number of sites", 1, 2**24)
            return self.sites - 1

    def at(self, site: int) -> dict[str, int]:
        """Return the keyword arguments seed, stream and step of a site at the present step."""
        if not self.sites:
            raise errors.InputError(f"site: expected one that `site()` has handed out, got {site!r} before the first")
        return {"seed": self.seed, "stream": checks.integer(site, "site", 0, self.sites - 1), "step": self.step}

    def advance(self) -> None:
        """Go to the next step."""
        with _counting:
            self.step = checks.integer(self.step + 1, "step", 0, 2**32 - 1)
