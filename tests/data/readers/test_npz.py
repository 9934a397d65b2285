"""Loading NumPy's files: NPZ and NPY."""

import io
import zipfile

import numpy as np
import pytest
from animals import CLASSES, LABELS, X, model

import numba_dropout as nd
from numba_dropout import data


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("labels", [LABELS, [CLASSES[k] for k in LABELS]])
def test_npz(tmp_path, save, labels):
    save(tmp_path / "set.npz", x=X, y=labels)
    dataset = data.load(tmp_path / "set.npz", task="classes")
    assert np.array_equal(dataset.x, X)
    assert dataset.y.tolist() == LABELS
    assert dataset.classes == sorted(set(labels))


def test_npz_of_images(tmp_path):
    images = np.arange(4 * 3 * 2, dtype=np.uint8).reshape(4, 3, 2)
    np.savez(tmp_path / "set.npz", x=images, y=LABELS)
    dataset = data.load(tmp_path / "set.npz")
    assert dataset.x.shape == (4, 6)
    assert dataset.x.dtype == np.uint8
    assert dataset.pixels
    offset, scale = dataset.scaling()
    assert not offset.any()
    assert np.allclose(scale, 1 / 255)


@pytest.mark.parametrize("outputs", [1, 2])
def test_npz_of_values(tmp_path, outputs):
    y = np.linspace(0, 1, 4 * outputs).reshape(4, outputs)
    np.savez(tmp_path / "set.npz", x=X, y=y)
    dataset = data.load(tmp_path / "set.npz")
    assert dataset.classes is None
    assert np.array_equal(dataset.y, y)


def test_npz_of_labels_in_a_column(tmp_path):
    np.savez(tmp_path / "set.npz", x=X, y=np.array(LABELS)[:, None])
    assert data.load(tmp_path / "set.npz", task="classes").y.tolist() == LABELS
    assert data.load_for(model(classes=[0, 1, 2]), tmp_path / "set.npz").y.tolist() == LABELS


@pytest.mark.parametrize(
    ("target", "x", "y"),
    [(None, [[1, 2], [4, 5]], [[3.5], [6]]), (1, [[2, 3.5], [5, 6]], [[1], [4]])],
)
def test_npy(tmp_path, target, x, y):
    np.save(tmp_path / "table.npy", [[1, 2, 3.5], [4, 5, 6]])
    dataset = data.load(tmp_path / "table.npy", target=target)
    assert dataset.x.tolist() == x
    assert dataset.y.tolist() == y
    assert data.load(tmp_path / "table.npy", target=1, task="classes").y.tolist() == [0, 1]


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float64])
def test_few_whole_numbers_are_classes(tmp_path, dtype):
    """At most 20, and at most a tenth of the rows."""
    for different, rows, task in ((20, 200, "classes"), (21, 400, "values"), (3, 30, "classes"), (3, 29, "values")):
        y = np.arange(rows) % different
        np.savez(tmp_path / "set.npz", x=np.arange(rows * 2.0).reshape(-1, 2), y=y.astype(dtype))
        dataset = data.load(tmp_path / "set.npz")
        assert dataset.classes == (list(range(different)) if task == "classes" else None)
        assert dataset.targets().ravel().tolist() == y.tolist()
        other = "values" if task == "classes" else "classes"
        count = f"{different} different whole numbers in {rows} rows"
        assert dataset.notes == (f"target: {count} are read as {task}; task={other!r} reads {other}",)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_large_labels_stay_apart(tmp_path, dtype):
    y = np.array([2**53, 2**53 + 1] * 10, dtype)
    np.savez(tmp_path / "set.npz", x=np.arange(20.0)[:, None], y=y)
    dataset = data.load(tmp_path / "set.npz")
    assert (dataset.classes, dataset.y.tolist()) == ([2**53, 2**53 + 1], [0, 1] * 10)
    assert data.load_for(model(1, classes=dataset.classes), tmp_path / "set.npz").y.tolist() == [0, 1] * 10


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, "expected an array y to train on, got only x"),
        ({"y": LABELS}, "expected arrays x and y, got y"),
        ({"x": X, "y": LABELS[:3]}, r"expected y of shape \(4,\)"),
        ({"x": X, "y": 3}, r"expected y of shape \(4,\)"),
        ({"x": X[:, 0], "y": LABELS}, "expected x of shape"),
        ({"x": X[:0], "y": LABELS[:0]}, "expected rows and features"),
        ({"x": X.astype(str), "y": LABELS}, "expected numbers in x"),
        ({"x": X * 1j, "y": LABELS}, "expected numbers in x"),
        ({"x": X, "y": np.array([b"a", b"b", b"a", b"b"])}, "expected numbers or texts in y"),
        ({"x": X, "y": [["a"] * 2] * 4}, "y"),
        ({"x": np.where(X == 7, np.nan, X), "y": LABELS}, "at row 4, column 2, got nan"),
        ({"x": np.where(X == -4, np.inf, X), "y": LABELS}, "at row 3, column 1, got inf"),
        ({"x": X, "y": [0.5, np.nan, 1, 2]}, "at row 2 of the target, got nan"),
        ({"x": X, "y": [1, 1, 1, 1]}, "expected at least two classes"),
        ({"x": X.astype(object), "y": LABELS}, "not in NumPy's format"),
    ],
)
def test_damaged_npz(tmp_path, arrays, message):
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(ValueError, match=rf"set.npz: .*{message}"):
        data.load(tmp_path / "set.npz")


@pytest.mark.parametrize("target", [None, 1])
def test_nan_in_npy(tmp_path, target):
    """NaN takes the median. A network of version 0.1, without an encoder, refuses it, and so is infinity."""
    np.save(tmp_path / "table.npy", [[1, 2, 3], [4, np.nan, 6]])
    dataset = data.load(tmp_path / "table.npy", target=target)
    assert dataset.x.tolist() == ([[1, 0], [4, 1]] if target is None else [[0, 3], [1, 6]])
    with pytest.raises(ValueError, match="at row 2, column 2, got a missing value; the model was trained on numbers"):
        data.load_for(model(column=0), tmp_path / "table.npy", need_target=False)
    np.save(tmp_path / "table.npy", [[1, 2, 3], [4, np.inf, 6]])
    with pytest.raises(ValueError, match="at row 2, column 2, got inf"):
        data.load(tmp_path / "table.npy", target=target)


def test_nan_in_the_target_of_npy(tmp_path):
    np.save(tmp_path / "table.npy", [[1, 2.5], [4, np.nan], [6, 3]])
    dataset = data.load(tmp_path / "table.npy")
    assert dataset.y.tolist() == [[2.5], [3]]
    assert "1 row has no target in column 2 (row 2): left out" in dataset.notes


@pytest.mark.parametrize("name", ["set.npz", "table.npy"])
def test_truncated_numpy_files(tmp_path, name):
    path = tmp_path / name
    if name == "set.npz":
        np.savez(path, x=X, y=LABELS)
    else:
        np.save(path, X)
    content = path.read_bytes()
    for size in range(0, len(content), 7):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=name):
            data.load(path)


INPUTS = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
TARGETS = np.array([0, 1, 2, 0, 1, 2])


def header(shape, content=b"", descr="<f4"):
    """Return an array's file with a header of any shape."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue() + content


def plain(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


HEADERS = {
    "too few labels": (
        plain(INPUTS),
        plain(TARGETS[:5]),
        r"expected y of shape \(6,\), one for each row of x, got \(5,\)",
    ),
    "sizes that overflow": (header((2**40, 2**40)), plain(TARGETS), "damaged"),
    "sizes that overflow beside 0": (header((0, 2**62, 2**62)), plain(TARGETS[:0]), "damaged"),
    "a size below 0": (header((-6, 4), INPUTS.tobytes()), plain(TARGETS), "damaged"),
    "more than all memory": (header((2**50,)), plain(TARGETS), "larger than the memory"),
    "too few bytes": (header((6, 5), INPUTS.tobytes()), plain(TARGETS), "damaged"),
    "labels of NaN": (plain(INPUTS), plain(TARGETS * np.nan), "at row 1 of the target, got nan"),
    "labels of objects": (plain(INPUTS), header((6,), b"x" * 48, "|O"), "damaged"),
    "complex labels": (plain(INPUTS), plain(TARGETS + 0j), "expected numbers or texts in y"),
    "a number": (plain(np.float32(1)), plain(TARGETS), "expected x of shape"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_wrong_headers(case, tmp_path):
    x, y, message = HEADERS[case]
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as file:
        file.writestr("x.npy", x)
        file.writestr("y.npy", y)
    with pytest.raises(ValueError, match=message) as raised:
        nd.data.load(tmp_path / "d.npz")
    assert "d.npz" in str(raised.value)
