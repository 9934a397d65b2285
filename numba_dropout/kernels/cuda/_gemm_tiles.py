"""Tiles of a matrix product, and the loads that fill them."""

from typing import Any, NamedTuple

from ...core.jit import device_function
from ..scalar.constants import ZERO
from ._intrinsics import load_four

__all__ = ["COLUMNS", "TILES", "InnerLoop", "Side", "Tile", "build_load"]

COLUMNS = 8  # neighbouring sums of a thread


class Tile(NamedTuple):
    """Tile of a product that one thread block computes."""

    rows: int
    columns: int
    depth: int  # depth of the part in shared memory
    height: int  # rows of the sums of a thread
    precision: str  # precision of the factors. Sums are float32

    @property
    def threads(self):
        """Threads of the thread block."""
        return self.rows * self.columns // (self.height * COLUMNS)


# The large and the small tile of each precision. A product has four times as many small tiles.
TILES = {
    "float32": (Tile(128, 128, 8, 8, "float32"), Tile(64, 64, 8, 8, "float32")),
    "tf32": (Tile(128, 128, 16, 8, "tf32"), Tile(64, 64, 16, 4, "tf32")),
    "bf16": (Tile(128, 128, 32, 8, "bf16"), Tile(64, 64, 32, 4, "bf16")),
}


class Side(NamedTuple):
    """Functions that copy one factor's tile to shared memory, with all threads of a thread block."""

    load: Any  # (registers, array, first, k, vectorized): load the thread's elements
    store: Any  # (shared, start, registers): store them in shared memory
    registers: int  # elements per thread
    size: int  # elements of the tile in shared memory


class InnerLoop(NamedTuple):
    """Functions that multiply two tiles in shared memory."""

    left: Side
    right: Side
    origin: Any  # (): the row and column, within the tile, of the thread's first sum
    add: Any  # (sums, shared, left, right): add the product of the tiles that begin at left and right
    row_step: int  # distance from one row of the thread to the next


@device_function
def _load_quad(array, i, j, vectorized):
    """Load elements j .. j + 3 of row i, 0 outside the array."""
    rows, columns = array.shape
    if vectorized and i < rows and j < columns:
        return load_four(array, i * columns + j)
    inside = i < rows
    return (
        array[i, j] if inside and j < columns else ZERO,
        array[i, j + 1] if inside and j + 1 < columns else ZERO,
        array[i, j + 2] if inside and j + 2 < columns else ZERO,
        array[i, j + 3] if inside and j + 3 < columns else ZERO,
    )


def build_load(by_rows, quads, coordinates):
    """Return the function that loads `quads` quads of one factor into a thread's registers.

    coordinates(n) returns the row and the column of quad n in the tile. The depth runs along the rows of the array if
    `by_rows`, else along its columns.
    """

    @device_function
    def load(registers, array, first, k, vectorized):
        """Load the thread's quads of the tile from row `first` and depth k on."""
        for n in range(quads):
            i, j = coordinates(n)
            if by_rows:
                quad = _load_quad(array, first + i, k + j, vectorized)
            else:
                quad = _load_quad(array, k + i, first + j, vectorized)
            registers[4 * n] = quad[0]
            registers[4 * n + 1] = quad[1]
            registers[4 * n + 2] = quad[2]
            registers[4 * n + 3] = quad[3]

    return load
