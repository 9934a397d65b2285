"""Files whose arrays do not fit their sizes, or each other, are refused with their name."""

import io
import struct
import zipfile

import numpy as np
import pytest

import numba_dropout as nd

X = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
Y = np.array([0, 1, 2, 0, 1, 2])


def header(shape, content=b"", descr="<f4"):
    """Return an array's file with a header of any shape."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue() + content


def plain(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


DATA = {
    "too few labels": (plain(X), plain(Y[:5]), r"expected y of shape \(6,\), one for each row of x, got \(5,\)"),
    "sizes that overflow": (header((2**40, 2**40)), plain(Y), "damaged"),
    "sizes that overflow beside 0": (header((0, 2**62, 2**62)), plain(Y[:0]), "damaged"),
    "a size below 0": (header((-6, 4), X.tobytes()), plain(Y), "damaged"),
    "more than all memory": (header((2**50,)), plain(Y), "larger than the memory"),
    "too few bytes": (header((6, 5), X.tobytes()), plain(Y), "damaged"),
    "labels of NaN": (plain(X), plain(Y * np.nan), "at row 1 of the target, got nan"),
    "labels of objects": (plain(X), header((6,), b"x" * 48, "|O"), "damaged"),
    "complex labels": (plain(X), plain(Y + 0j), "expected numbers or texts in y"),
    "a number": (plain(np.float32(1)), plain(Y), "expected x of shape"),
}


@pytest.mark.parametrize("case", DATA)
def test_data_of_numpy(case, tmp_path):
    x, y, message = DATA[case]
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as file:
        file.writestr("x.npy", x)
        file.writestr("y.npy", y)
    with pytest.raises(ValueError, match=message) as raised:
        nd.data.load(tmp_path / "d.npz")
    assert "d.npz" in str(raised.value)


def idx(shape, content=b"", code=8):
    return bytes([0, 0, code, len(shape)]) + b"".join(struct.pack(">I", size) for size in shape) + content


IMAGES, TAGS = idx((2, 2, 2), bytes(8)), idx((2,), b"\0\1")
IDX = {
    "sizes that overflow": (idx((2**32 - 1,) * 3), TAGS, "expected 7922816"),
    "sizes whose product is 2**64": (idx((2**16,) * 4), TAGS, "expected 1844674407370955"),
    "sizes that overflow beside 0": (idx((0, *(2**32 - 1,) * 3)), idx((0,)), "impossible sizes"),
    "too many dimensions": (idx((1,) * 255, b"\0"), idx((1,), b"\0"), "impossible sizes"),
    "other numbers of both": (IMAGES, idx((3,), b"\0\1\2"), "2 images and 3 labels"),
    "labels with a point": (
        IMAGES,
        idx((2,), np.array([0.5, np.nan], ">f4").tobytes(), 0x0D),
        "expected integer labels",
    ),
}


@pytest.mark.parametrize("case", IDX)
def test_data_of_idx(case, tmp_path):
    images, tags, message = IDX[case]
    (tmp_path / "train-images-idx3-ubyte").write_bytes(images)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(tags)
    with pytest.raises(ValueError, match=message):
        nd.data.load(tmp_path)
