"""Data for a model: columns by name or by position, what training learnt, and targets."""

import numpy as np
import pytest
from animals import CLASSES, LABELS, ROWS, X, model, text

from numba_dropout import data

NAMED = {"classes": CLASSES, "names": ["length", "width"], "target": "kind"}  # a network of version 0.1


def without_target(header=True):
    return "width,length\n" * header + "".join(f"{b},{a}\n" for a, b, _ in ROWS)


@pytest.fixture(params=["version 0.1", "with an encoder"])
def animals(request, write):
    """Return a model of the table of animals."""
    if request.param == "version 0.1":
        return model(**NAMED)
    return model(dataset=data.load(write(text(), "train.csv")))


@pytest.mark.parametrize(
    "content",
    [
        text(),
        text(";"),
        "kind,width,id,length\n" + "".join(f"{kind},{b},9,{a}\n" for a, b, kind in ROWS),
    ],
    ids=["the same", "another delimiter", "reordered, with one more"],
)
def test_columns_by_name(animals, write, content):
    dataset = data.load_for(animals, write(content))
    assert np.array_equal(dataset.x, X)
    assert (dataset.y.tolist(), dataset.classes) == (LABELS, CLASSES)


def test_without_a_header(animals, write):
    path = write(text(header=False))
    for need_target in (True, False):
        with pytest.raises(
            ValueError, match="trained on columns with names, and this table has no header; use by_position=T"
        ):
            data.load_for(animals, path, need_target=need_target)
    dataset = data.load_for(animals, path, by_position=True)
    assert np.array_equal(dataset.x, X)
    assert dataset.y.tolist() == LABELS
    bare = write("".join(f"{a},{b}\n" for a, b, _ in ROWS))
    assert np.array_equal(data.load_for(animals, bare, need_target=False, by_position=True).x, X)
    with pytest.raises(ValueError, match="expected 3 columns as in training, got 2"):
        data.load_for(animals, bare, by_position=True)
    with pytest.raises(ValueError, match="expected 3 columns as in training, got 4"):
        data.load_for(animals, write("1,2,3,cat\n4,5,6,dog\n"), by_position=True)


@pytest.mark.parametrize(
    "content",
    [text(), without_target(), "length,width,kind\n" + "".join(f"{a},{b},?\n" for a, b, _ in ROWS)],
    ids=["with the target", "without the target", "the target unknown"],
)
def test_prediction_without_target(animals, write, content):
    dataset = data.load_for(animals, write(content), need_target=False)
    assert np.array_equal(dataset.x, X)
    assert dataset.y is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "length,depth,kind\n1,2,cat\n",
            "no column 'width', a column that the model was trained on; the columns are l",
        ),
        ("length,width\n1,2\n", "no column 'kind', the model's target; the columns are length, width"),
        ("length,width,kind\n1,2,cat\n\n1,2,yak\n", "class 'yak' at row 4 is not a class of the model: cat, dog, emu"),
        ("length,width,kind\n1,2,\n", r"no row has a target in column 3 \('kind'\); choose another target"),
        ("width,length,kind\n1,x,cat\n", r"at row 2, column 2 \('length'\), got 'x'"),
        ("width,length,kind\n1,1e999,cat\n", r"expected a finite number at row 2, column 2 \('length'\), got .*1e999"),
        ("length,width,width,kind\n1,2,3,cat\n", r"more than one column is called 'width' \(columns 2, 3\)"),
    ],
)
def test_tables_that_do_not_fit(animals, write, content, message):
    with pytest.raises(ValueError, match=f"table.csv: .*{message}") as error:
        data.load_for(animals, write(content))
    assert "\n" not in str(error.value)


def test_gaps(write):
    """A gap takes the median of training and is counted. A network of version 0.1 refuses it."""
    path = write("length,width,kind\n1,,cat\nNA,?,dog\n2,3,\n")
    encoded = data.load_for(model(dataset=data.load(write(text(), "train.csv"))), path)
    width = (3e-3 + 0.25) / 2
    assert encoded.x.tolist() == [[1, width], [0.75, width]]
    assert encoded.y.tolist() == [0, 1]
    assert encoded.notes == (
        "1 row has no target in column 3 ('kind') (row 4): left out",
        "length: 1 missing value, filled with the median 0.75",
        "width: 2 missing values, filled with the median 0.1265",
    )
    with pytest.raises(ValueError, match=r"at row 3, column 1 \('length'\), got 'NA'; .* on numbers only"):
        data.load_for(model(**NAMED), path)


@pytest.fixture
def rooms(write):
    """Return a model of a table with categories, gaps and a range."""
    rows = "".join(f"{'abc'[i % 3]},{'' if i == 5 else i},{i + 0.5}\n" for i in range(30))
    return model(dataset=data.load(write("city,size,rent\n" + rows, "train.csv")))


def test_what_training_did_not_have_is_counted(rooms, write):
    path = write("size,city\n40,z\n100,a\n,b\n")
    assert rooms.encoder.names == ["city=a", "city=b", "city=c", "size", "size missing"]
    dataset = data.load_for(rooms, path, need_target=False)
    assert dataset.x.tolist() == [[0, 0, 0, 40, 0], [1, 0, 0, 58, 0], [0, 1, 0, 15, 1]]
    assert dataset.notes == (
        "city: 1 cell with a level that training did not have; unknown='refuse' makes it an error",
        "size: 1 missing value, filled with the median 15",
        "size: 1 value far outside the training range, 0 to 29; bounded by -29 to 58, clip=False leaves them",
    )
    clipped = data.load_for(rooms, path, need_target=False, clip=True)
    assert clipped.x[:, 3].tolist() == [29, 29, 15]
    assert data.load_for(rooms, path, need_target=False, clip=False).x[:, 3].tolist() == [40, 100, 15]
    with pytest.raises(ValueError, match=r"'z' at row 2, column 2 \('city'\), is not one of the training levels"):
        data.load_for(rooms, path, need_target=False, unknown="refuse")
    assert (rooms.encoder.options.clip, rooms.encoder.options.unknown) == (None, "zeros")


def test_options_of_training_read_the_table(write):
    """Those of reading can be replaced by arguments."""
    content = "x;y\n" + "".join(f"{i},5;{i % 3},25\n" for i in range(30)) + "-1;2,5\n"
    trained = model(dataset=data.load(write(content), decimal=",", missing=["-1"], delimiter=";"))
    dataset = data.load_for(trained, write("x;y\n2,5;1,5\n-1;2\n"))
    assert dataset.x.tolist() == [[2.5, 0], [15, 1]]
    assert dataset.y.tolist() == [[1.5], [2]]
    other = data.load_for(trained, write("x|y\n2,5|1,5\n"), delimiter="|")
    assert other.x.tolist() == [[2.5, 0]]
    late = data.load_for(trained, write("a comment\nx;y\n2,5;1,5\n"), skip=1)
    assert late.x.tolist() == [[2.5, 0]]


def test_footer(write):
    """A file with a footer trains, because it has no target, and prediction names the option that leaves it out."""
    rows = "".join(f"{3 * i},{i % 3 + 0.5}\n" for i in range(30))
    path = write(f"x,y\n{rows}Total,\n")
    trained = model(dataset=data.load(path))
    message = "row 32, column 1 .'x'., got 'Total'; take its row out of the table, or skip_footer=1 leaves out"
    with pytest.raises(ValueError, match=message):
        data.load_for(trained, path, need_target=False)
    assert len(data.load_for(trained, path, need_target=False, skip_footer=1).x) == 30
    stored = model(dataset=data.load(path, skip_footer=1))
    new = data.load_for(stored, write("x\n4\n5\n"), need_target=False)
    assert (len(new.x), new.notes[0]) == (1, "the last row: left out; skip_footer=0 keeps every row")
    assert len(data.load_for(stored, write("x\n4\n5\n"), need_target=False, skip_footer=0).x) == 2


def test_frames_and_dicts(rooms):
    pandas = pytest.importorskip("pandas")
    columns = {"rent": [1.5, 2.5], "size": [3, 4], "city": ["a", "c"], "more": [0, 1]}
    for source in (pandas.DataFrame(columns), data.read(columns)):
        dataset = data.load_for(rooms, source)
        assert dataset.x.tolist() == [[1, 0, 0, 3, 0], [0, 0, 1, 4, 0]]
        assert dataset.y.tolist() == [[1.5], [2.5]]


def test_target_by_position(write):
    path = write("5,1,2\n7,3,4\n")
    dataset = data.load(path, target=1, task="classes")
    for reloaded in (
        data.load_for(model(dataset=dataset), path),
        data.load_for(model(classes=dataset.classes, column=dataset.target_column), path),
    ):
        assert reloaded.x.tolist() == dataset.x.tolist() == [[1, 2], [3, 4]]
        assert reloaded.y.tolist() == [0, 1]
    bare = data.load_for(model(dataset=dataset), write("1,2\n3,4\n"), need_target=False)
    assert bare.x.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match=r"expected 3 columns as in training \(or 2 without the target\), got 4"):
        data.load_for(model(dataset=dataset), write("1,2,3,5\n3,4,4,6\n"), need_target=False)


def test_several_targets(write):
    content = "a,b,c,d\n" + "".join(f"{i % 9},{i / 4},{i * 2},{i / 2}\n" for i in range(40))
    dataset = data.load(write(content), target="b,d")
    assert dataset.target_names == ["b", "d"]
    trained = model(dataset=dataset)
    dataset = data.load_for(trained, write("d,a,b,c\n1.5,1,2.5,3\n"))
    assert (dataset.x.tolist(), dataset.y.tolist()) == ([[1, 3]], [[2.5, 1.5]])
    with pytest.raises(ValueError, match="no column 'd', the model's target"):
        data.load_for(trained, write("a,b,c\n1,2.5,3\n"))
    assert data.load_for(trained, write("a,c\n1,3\n"), need_target=False).x.tolist() == [[1, 3]]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.ones((4, 3)), "y": LABELS}, "expected 2 features as in training, got 3"),
        ({"x": X}, "expected an array y to compare with"),
        ({"x": X, "y": ["a"] * 4}, "class 'a' at row 1 is not a class of the model: 0, 1, 2"),
        ({"x": X, "y": [0, 1, 2, 3]}, "class 3 at row 4 is not a class"),
        ({"x": X, "y": [0, 1, 2, 0.5]}, "class 0.5 at row 4 is not a class"),
        ({"x": X, "y": np.ones((4, 2))}, "got several targets"),
        ({"x": X, "y": LABELS[:2]}, "expected y of shape"),
        ({"x": X[:0], "y": LABELS[:0]}, "expected at least one row"),
        ({"x": np.where(X == 7, np.nan, X), "y": LABELS}, "expected a finite number at row 4, column 2, got nan"),
        ({"x": np.where(X == 7, np.inf, X), "y": LABELS}, "expected a finite number at row 4, column 2, got inf"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, arrays, message):
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(ValueError, match=rf"set.npz: .*{message}"):
        data.load_for(model(classes=[0, 1, 2]), tmp_path / "set.npz")


def test_values_that_do_not_fit(tmp_path):
    for y, message in (
        (["1.5"] * 4, "expected numbers in the target, because the model predicts values, got texts"),
        ([1, 2, np.nan, 3], "expected a finite number at row 3 of the target, got nan"),
        ([1, 2, 3, np.inf], "expected a finite number at row 4 of the target, got inf"),
    ):
        np.savez(tmp_path / "set.npz", x=X, y=y)
        with pytest.raises(ValueError, match=message):
            data.load_for(model(), tmp_path / "set.npz")


def test_classes_without_names(tmp_path):
    """A network from Python has no classes: labels are the numbers of its outputs."""
    np.savez(tmp_path / "set.npz", x=X, y=LABELS)
    net = model(classes=[0])
    net.classes = None
    net.predicts_values = False
    assert data.load_for(net, tmp_path / "set.npz").y.tolist() == LABELS
