"""Building blocks that Numba's language lacks, in LLVM IR: the only place that knows registers and scratch memory.

Each has a plain Python body of the same meaning, which runs where the JIT is off.
"""

from .cache_lines import aligned, read_ahead
from .choices import fence, store_affine_kept, store_kept, store_kept_past_caches, store_relu_kept
from .masks import BLOCKS, LANES, draw, load_bytes, store_bytes, store_words
from .product import TILE_ROWS, TILE_WIDTH, multiply_tiles, pack_columns, pack_rows
from .stack import scratch, scratch_area
from .threads import parallel, threads
from .vectors import CACHE_LINE
from .views import matrix, row, tensor, vector, window

__all__ = [
    "BLOCKS",
    "CACHE_LINE",
    "LANES",
    "TILE_ROWS",
    "TILE_WIDTH",
    "aligned",
    "draw",
    "fence",
    "load_bytes",
    "matrix",
    "multiply_tiles",
    "pack_columns",
    "pack_rows",
    "parallel",
    "read_ahead",
    "row",
    "scratch",
    "scratch_area",
    "store_affine_kept",
    "store_bytes",
    "store_kept",
    "store_kept_past_caches",
    "store_relu_kept",
    "store_words",
    "tensor",
    "threads",
    "vector",
    "window",
]
