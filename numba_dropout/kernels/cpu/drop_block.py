"""DropBlock: masks of dropped squares, and a scale for each sample."""

from ...core.jit import kernel, scalar, serial_loop
from ..simd import parallel, vector


@scalar
def _clear(plane, first, width, block):
    """Drop the square of a flat plane that begins at element `first`."""
    for row in range(block):
        for j in range(first + row * width, first + row * width + block):
            plane[j] = False


@parallel
@serial_loop
def _chunks(chunk, mask, scales, seeds, height, width, block):
    """Write the mask and the scale of one sample."""
    rows, columns = height - block + 1, width - block + 1
    size, seeds_size = mask.size // scales.size, seeds.size // scales.size
    kept, seeded = vector(mask, chunk * size, size), vector(seeds, chunk * seeds_size, seeds_size)
    for j in range(size):
        kept[j] = True
    for channel in range(size // (height * width)):
        plane = vector(kept, channel * height * width, height * width)
        for i in range(rows):
            for j in range(columns):
                if not seeded[(channel * rows + i) * columns + j]:
                    _clear(plane, i * width + j, width, block)
    count = 0
    for j in range(size):
        count += kept[j]
    scales[chunk] = size / count if count else 0


@kernel
def block_mask(mask, scales, seeds, height, width, block):
    """Write False in the squares that begin at False seeds, and each sample's scale: 1 / its kept share.

    mask (N * C * height * width,) bool, scales (N,), seeds (N * C * (height - block + 1) * (width - block + 1),) bool
    """
    _chunks(scales.size, (mask, scales, seeds, height, width, block))
