"""IDX files, the format of MNIST."""

import struct

import numpy as np

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def encode(array):
    """Return the bytes of a file: two zeros, type, dimensions, sizes and values, in big-endian order."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[array.dtype.str[1:]], array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_mnist(folder, rng):
    """Write a folder like MNIST's with 240 + 50 images of 4 x 4 pixels, of ten classes."""
    folder.mkdir()
    for part, rows in (("train", 240), ("t10k", 50)):
        labels = np.arange(rows, dtype=np.uint8) % 10
        images = rng.integers(0, 80, (rows, 4, 4)).astype(np.uint8)
        images.reshape(rows, 16)[np.arange(rows), labels] += 170
        (folder / f"{part}-images-idx3-ubyte").write_bytes(encode(images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(encode(labels))
