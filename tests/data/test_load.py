"""Loading data: sources, classes and values, and data for a model."""

import subprocess
import sys

import numpy as np
import pytest
from animals import CLASSES, LABELS, ROWS, X, model, text

from numba_dropout import data


@pytest.mark.parametrize(
    ("cells", "classes", "y"),
    [
        (["b", "a", "b"], ["a", "b"], [1, 0, 1]),
        (["7", "-2", "7"], [-2, 7], [1, 0, 1]),
        (["1.0", "2.0", "1"], [1, 2], [0, 1, 0]),
        (["1.5", "2", "1"], None, [[1.5], [2], [1]]),
    ],
)
def test_classes_or_values(write, cells, classes, y):
    dataset = data.load(write("".join(f"{i},{cell}\n" for i, cell in enumerate(cells))))
    assert dataset.classes == classes
    assert dataset.y.tolist() == y


def test_many_whole_numbers(write):
    path = write("".join(f"{i},{i % 21}\n" for i in range(42)))
    assert data.load(path).classes is None
    assert data.load(path, task="classes").classes == list(range(21))
    few = write("".join(f"{i},{i % 20}\n" for i in range(40)))
    assert data.load(few).classes == list(range(20))
    assert data.load(few, task="values").classes is None


def test_missing_sources(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere.csv: no such file"):
        data.load(tmp_path / "nowhere.csv")
    with pytest.raises(ValueError, match="folder of IDX files"):
        data.load(tmp_path)


def test_file_named_like_a_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "iris").write_text("1,2,a\n3,4,b\n")
    assert data.load("iris").x.shape == (2, 2)


@pytest.mark.parametrize(
    ("library", "source", "package"), [("sklearn", "digits", "scikit-learn"), ("pyarrow", "t.parquet", "pyarrow")]
)
def test_missing_extra(library, source, package, tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    code = f"import sys; sys.modules[{library!r}] = None\nfrom numba_dropout_cli.main import cli\ncli()"
    command = [sys.executable, "-c", code, "train", source]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert f"requires {package}: pip install {package} (or the extra" in process.stderr
    assert len(process.stderr.splitlines()) == 1


def test_target_of_npz_and_built_in_set(tmp_path):
    np.savez(tmp_path / "set.npz", x=X, y=LABELS)
    for source in (tmp_path / "set.npz", "pipeline"):
        with pytest.raises(ValueError, match="target"):
            data.load(source, target="kind")


NAMED = {"classes": CLASSES, "names": ["length", "width"], "target": "kind"}


@pytest.mark.parametrize(
    "content",
    [
        text(),
        text(header=False),
        text(";"),
        "kind,width,id,length\n" + "".join(f"{kind},{b},9,{a}\n" for a, b, kind in ROWS),
    ],
    ids=["the same", "without a header", "another delimiter", "reordered, with one more"],
)
def test_columns_for_a_model(write, content):
    dataset = data.load_for(model(**NAMED), write(content))
    assert np.array_equal(dataset.x, X)
    assert dataset.y.tolist() == LABELS


@pytest.mark.parametrize(
    "content",
    [
        text(),
        "width,length\n" + "".join(f"{b},{a}\n" for a, b, _ in ROWS),
        "".join(f"{a},{b}\n" for a, b, _ in ROWS),
        "length,width,kind\n" + "".join(f"{a},{b},?\n" for a, b, _ in ROWS),
    ],
    ids=["with the target", "without the target", "without a header", "the target unknown"],
)
def test_prediction_without_target(write, content):
    assert np.array_equal(data.load_for(model(**NAMED), write(content), need_target=False).x, X)


def test_target_by_position(write):
    path = write("0,1,2\n1,3,4\n")
    dataset = data.load(path, target=1)
    reloaded = data.load_for(model(classes=dataset.classes, column=dataset.target_column), path)
    assert reloaded.x.tolist() == dataset.x.tolist() == [[1, 2], [3, 4]]
    assert reloaded.y.tolist() == [0, 1]


def test_columns_of_the_same_name(write):
    path = write("a,a,y\n1,2,0\n3,4,1\n")
    dataset = data.load(path)
    reloaded = data.load_for(model(classes=dataset.classes, names=dataset.features, column=dataset.target_column), path)
    assert reloaded.x.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("length,depth,kind\n1,2,cat\n", "no column 'width'"),
        ("length,width\n1,2\n", "no column 'kind'; it is the model's target"),
        ("1,2,3,cat\n", "expected 3 columns, the model's 2 features and the target, got 4"),
        ("length,width,kind\n1,2,cat\n\n1,2,yak\n", "class 'yak' at row 4 .*: cat, dog, emu"),
        ("length,width,kind\n1,,cat\n", r"a missing value at row 2, column 2 \('width'\)"),
        ("length,width,kind\n1,2,\n", r"a missing value at row 2, column 3 \('kind'\)"),
        ("width,length,kind\n1,x,cat\n", r"at row 2, column 2 \('length'\), got text 'x'"),
    ],
)
def test_tables_that_do_not_fit_a_model(write, content, message):
    with pytest.raises(ValueError, match=message):
        data.load_for(model(**NAMED), write(content))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.ones((4, 3)), "y": LABELS}, "expected 2 features as in training, got 3"),
        ({"x": X}, "expected an array y to compare with"),
        ({"x": X, "y": ["a"] * 4}, "got texts"),
        ({"x": X, "y": [0, 1, 2, 3]}, "class 3.* at row 4"),
        ({"x": X, "y": np.ones((4, 2))}, "2 targets"),
        ({"x": X, "y": LABELS[:2]}, "expected y of shape"),
        ({"x": X[:0], "y": LABELS[:0]}, "expected at least one row"),
    ],
)
def test_arrays_that_do_not_fit_a_model(tmp_path, arrays, message):
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        data.load_for(model(classes=[0, 1, 2]), tmp_path / "set.npz")
