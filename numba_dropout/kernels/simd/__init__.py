"""Intrinsics in LLVM IR for what Numba lacks: vectors, masks, scratch memory, array views and parallel loops.

Each has a plain Python body with the same meaning, which runs if the JIT is disabled.
"""

from .array_views import matrix, row, tensor, vector, window
from .cache_lines import aligned, read_ahead
from .few_rows import FEW_ROWS, multiply_few_rows
from .gemm import TILE_ROWS, TILE_WIDTH, multiply_tiles, pack_columns, pack_rows
from .half_precision import narrow, widen
from .masked_store import fence, store_affine_kept, store_kept, store_kept_past_caches, store_relu_kept
from .parallel_loops import parallel, threads
from .philox_mask import BLOCKS, LANES, draw, load_bytes, store_bytes, store_words
from .scratch_memory import scratch, scratch_area
from .vectors import CACHE_LINE

__all__ = [
    "BLOCKS",
    "CACHE_LINE",
    "FEW_ROWS",
    "LANES",
    "TILE_ROWS",
    "TILE_WIDTH",
    "aligned",
    "draw",
    "fence",
    "load_bytes",
    "matrix",
    "multiply_few_rows",
    "multiply_tiles",
    "narrow",
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
    "widen",
    "window",
]
