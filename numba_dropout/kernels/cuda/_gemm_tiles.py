"""The parts of a product that blocks of threads compute, and what they are made of."""

from typing import Any, NamedTuple

from ...core.jit import device_function
from ..scalar.constants import ZERO
from ._intrinsics import load_four

__all__ = ["COLUMNS", "TILES", "Inner", "Side", "Tile", "fetching"]

COLUMNS = 8  # neighbouring sums of a thread


class Tile(NamedTuple):
    """The part of a product that a block of threads computes."""

    rows: int
    columns: int
    depth: int  # what of the depth is in shared memory at once
    height: int  # rows of the sums of a thread
    precision: str  # of the factors; sums are float32

    @property
    def threads(self):
        """Threads of a block."""
        return self.rows * self.columns // (self.height * COLUMNS)


# Of each precision the large tile, and the small one, of which there are four times as many.
TILES = {
    "float32": (Tile(128, 128, 8, 8, "float32"), Tile(64, 64, 8, 8, "float32")),
    "tf32": (Tile(128, 128, 16, 8, "tf32"), Tile(64, 64, 16, 4, "tf32")),
    "bf16": (Tile(128, 128, 32, 8, "bf16"), Tile(64, 64, 32, 4, "bf16")),
}


class Side(NamedTuple):
    """How one side's block comes to shared memory, by all threads of a block."""

    fetch: Any  # (held, array, first, k, whole): load what the thread brings
    put: Any  # (shared, start, held): store it
    held: int  # elements that a thread brings
    size: int  # of the block in shared memory


class Inner(NamedTuple):
    """What is done to the sums with one block of each side in shared memory."""

    left: Side
    right: Side
    place: Any  # (): the row and column, within the tile, of the thread's first sum
    add: Any  # (sums, shared, left, right): add the products of the blocks that begin there
    apart: int  # rows from one of the thread's to the next


@device_function
def four(array, i, j, whole):
    """Load elements j .. j + 3 of row i, 0 outside of the array."""
    rows, columns = array.shape
    if whole and i < rows and j < columns:
        return load_four(array, i * columns + j)
    inside = i < rows
    return (
        array[i, j] if inside and j < columns else ZERO,
        array[i, j + 1] if inside and j + 1 < columns else ZERO,
        array[i, j + 2] if inside and j + 2 < columns else ZERO,
        array[i, j + 3] if inside and j + 3 < columns else ZERO,
    )


def fetching(by_rows, quads, where):
    """Return how a thread loads so many quads of one side; where(number) gives the first index of each, and the second.

    The depth runs along the rows of the array if `by_rows`, else along its columns.
    """

    @device_function
    def fetch(held, array, first, k, whole):
        for number in range(quads):
            i, j = where(number)
            if by_rows:
                quad = four(array, first + i, k + j, whole)
            else:
                quad = four(array, k + i, first + j, whole)
            held[4 * number] = quad[0]
            held[4 * number + 1] = quad[1]
            held[4 * number + 2] = quad[2]
            held[4 * number + 3] = quad[3]

    return fetch
