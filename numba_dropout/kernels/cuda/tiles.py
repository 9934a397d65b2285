"""The parts of a product that blocks of threads compute, and how their sides are read."""

from typing import NamedTuple

from ..._jit import device_function
from ..pointwise import ZERO
from .blocks import load_four

__all__ = ["COLUMNS", "TILES", "Tile", "four"]

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
