"""Loading data: sources, classes and values, weights, and notes."""

import subprocess
import sys

import numpy as np
import pytest
from animals import LABELS, X

from numba_dropout import data


@pytest.mark.parametrize(
    ("cells", "classes", "y"),
    [
        (["b", "a", "b"], ["a", "b"], [1, 0, 1]),
        (["7", "-2", "7"] * 10, [-2, 7], [1, 0, 1] * 10),
        (["7", "-2", "7"], None, [[7], [-2], [7]]),
        (["1.0", "2.0", "1.0"] * 10, ["1.0", "2.0"], [0, 1, 0] * 10),
        (["1.5", "2", "1"], None, [[1.5], [2], [1]]),
    ],
)
def test_classes_or_values(write, cells, classes, y):
    dataset = data.load(write("u,y\n" + "".join(f"{i / 7},{cell}\n" for i, cell in enumerate(cells))))
    assert dataset.classes == classes
    assert dataset.y.tolist() == y


@pytest.mark.parametrize(
    ("different", "rows", "task"),
    [(20, 200, "classes"), (21, 420, "values"), (20, 199, "values"), (2, 20, "classes"), (2, 19, "values")],
)
def test_whole_numbers(write, different, rows, task):
    """They are classes if at most 20, and at most a tenth of the rows, are different. The note says how to change."""
    path = write("u,y\n" + "".join(f"{i / 7},{i % different}\n" for i in range(rows)))
    dataset = data.load(path)
    assert dataset.classes == (list(range(different)) if task == "classes" else None)
    other = "values" if task == "classes" else "classes"
    count = f"{different} different whole numbers in {rows} rows"
    assert f"target column 2 ('y'): {count} are read as {task}; task={other!r} reads {other}" in dataset.notes
    assert data.load(path, task="classes").classes == list(range(different))
    assert data.load(path, task="values").classes is None


def test_missing_sources(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere.csv: no such file"):
        data.load(tmp_path / "nowhere.csv")
    with pytest.raises(ValueError, match="folder of IDX files"):
        data.load(tmp_path)


def test_file_named_like_a_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "iris").write_text("1.5,2,a\n3,4,b\n")
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


def test_arrays_are_copied(rng):
    array = rng.standard_normal((30, 3))
    expected = array[:, :2].copy()
    dataset = data.load(array)
    array[:] = 0
    np.testing.assert_array_equal(dataset.x, expected)


def test_weights(write):
    content = "w,x,y\n1,0.5,a\n0,1.5,b\n2.5,3,a\n"
    dataset = data.load(write(content), weights="w")
    assert dataset.features == ["x"]
    assert dataset.weights.tolist() == [1, 0, 2.5]
    assert dataset.rows(np.array([2, 0])).weights.tolist() == [2.5, 1]
    for cells, message in (
        ("1", r"expected a weight of at least 0 at row 2, column 1 \('w'\), got '-1'"),
        ("", r"at row 2, column 1 \('w'\), got ''"),
    ):
        with pytest.raises(ValueError, match=message):
            data.load(write(content.replace("\n1,", f"\n-{cells}," if cells else "\n,", 1)), weights="w")
    with pytest.raises(ValueError, match=r"expected a weight above 0 in column 1 \('w'\), got only zeros"):
        data.load(write("w,x,y\n0,0.5,a\n0,1.5,b\n"), weights="w")


def test_ids(write):
    dataset = data.load(write("name,x,y\nAnn,0.5,a\nBob,1.5,b\nCy,3,a\n"), ids=["name"])
    assert dataset.features == ["x"]
    assert dataset.ids() == [("name", ["Ann", "Bob", "Cy"])]
    assert dataset.rows(np.array([2])).ids() == [("name", ["Cy"])]


def test_a_feature_that_equals_the_target(write):
    rows = "".join(f"{i / 4},{i % 7 / 4},{i / 4}\n" for i in range(30))
    notes = data.load(write("leak,u,y\n" + rows)).notes
    assert notes[-1] == "warning: column 1 ('leak') equals the target in every row; leave it out with drop=['leak']"
    assert not any("warning" in note for note in data.load(write("leak,u,y\n" + rows), drop=["leak"]).notes)


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        (
            "pipeline",
            {"drop": ["x"]},
            ValueError,
            "pipeline: this source has its own target and columns; do not choose",
        ),
        (
            "pipeline",
            {"task": "values"},
            ValueError,
            "the target of this data set holds classes; do not train on values",
        ),
        ("pipeline", {"task": "other"}, ValueError, "task: expected one of auto, classes, values, got 'other'"),
        ("pipeline", {"drops": ["x"]}, TypeError, "drops: expected an option of a table, one of header, delimiter"),
    ],
)
def test_refused_options(source, options, error, message):
    with pytest.raises(error, match=message):
        data.load(source, **options)


def test_encoders_learn_from_their_rows(write):
    """A part of the rows has its own encoder: `encoded`. Another part is encoded by it."""
    dataset = data.load(write("c,x,y\n" + "".join(f"{'ab'[i > 19]},{2 * i},{i / 3}\n" for i in range(30))))
    assert dataset.features == ["c=b", "x"]
    train = dataset.rows(np.arange(20)).encoded()
    assert (train.features, train.x.shape) == (["x"], (20, 1))
    rest = dataset.rows(np.arange(20, 30)).encoded_by(train.encoder)
    assert rest.x.tolist() == [[2 * i] for i in range(20, 30)]
    assert (rest.features, rest.encoder) == (["x"], train.encoder)
    arrays = data.load("pipeline")
    assert arrays.encoded() is arrays
    assert arrays.encoded_by(train.encoder) is arrays
