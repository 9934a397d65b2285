"""Reading data: delimited text, NPZ, NPY and the built-in set; splitting and scaling."""

import gzip
from types import SimpleNamespace

import numpy as np
import pytest

from numba_dropout import data
from numba_dropout.experiments import config

ROWS = [(1.5, -2.0, "cat"), (2.5, 3e-3, "dog"), (-4.0, 0.25, "cat"), (0.0, 7.0, "emu")]
X = np.array([row[:2] for row in ROWS])
CLASSES = ["cat", "dog", "emu"]
LABELS = [0, 1, 0, 2]


def text(delimiter=",", header=True, end="\n"):
    lines = [("length", "width", "kind")] * header + ROWS
    return "".join(delimiter.join(map(str, line)) + end for line in lines)


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path."""

    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def model(features=2, classes=None, names=None, target=None, column=None):
    loss = "cross_entropy" if classes else "mse"
    return SimpleNamespace(
        sizes=[features, 3], loss=loss, classes=classes, features=names, target=target, target_column=column
    )


def assert_is_the_table(read):
    assert np.array_equal(read.x, X)
    assert read.y.tolist() == LABELS
    assert read.classes == CLASSES


# ---------------------------------------------------------------- delimited text


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " ", "   "])
def test_the_delimiter_and_the_header_are_found(write, delimiter, header):
    read = data.load(write(text(delimiter, header)))
    assert_is_the_table(read)
    assert read.features == (["length", "width"] if header else None)


@pytest.mark.parametrize(
    "content",
    [
        text(end="\r\n"),
        "\ufeff" + text(),
        text().replace("cat", '"cat"').replace("length", '"length"'),
        text().replace("1.5,", '"1.5",'),
        "\n" + text().replace("\n", "\n\n  \n"),
        text().rstrip("\n"),
        text().replace(",", " , "),
    ],
    ids=["CRLF", "BOM", "quoted texts", "quoted number", "blank lines", "no last newline", "blanks around"],
)
def test_the_ways_tables_are_written(write, content):
    assert_is_the_table(data.load(write(content)))


def test_gzipped_text(write):
    assert_is_the_table(data.load(write(gzip.compress(text().encode()), "table.csv.gz")))


def test_quotes_hide_the_delimiter(write):
    read = data.load(write('size,kind\n1,"cat, small"\n2,"a ""big"" dog"\n3,"cat, small"\n'))
    assert read.classes == ['a "big" dog', "cat, small"]
    assert read.x[:, 0].tolist() == [1, 2, 3]


def test_an_inch_sign_is_no_quote(write):
    assert data.load(write('size,kind\n1,5" pipe\n2,7" pipe\n')).classes == ['5" pipe', '7" pipe']


def test_text_in_utf_8(write):
    assert data.load(write("größe,Art\n1,Bär\n2,猫\n")).classes == ["Bär", "猫"]


@pytest.mark.parametrize("target", ["kind", "1", 1, "-3", -3])
def test_the_target_by_name_and_by_number(write, target):
    content = "kind,length,width\n" + "".join(f"{kind},{a},{b}\n" for a, b, kind in ROWS)
    read = data.load(write(content), target=target)
    assert_is_the_table(read)
    assert read.features == ["length", "width"]


@pytest.mark.parametrize("target", [None, "3", "-1", "kind"])
def test_the_target_is_the_last_column_unless_it_is_chosen(write, target):
    assert_is_the_table(data.load(write(text()), target=target))


def test_a_target_in_the_middle(write):
    read = data.load(write("a,b,c\n1,0,3\n4,1,6\n"), target="2")
    assert read.x.tolist() == [[1, 3], [4, 6]]
    assert read.features == ["a", "c"]


# ---------------------------------------------------------------- classes and values


@pytest.mark.parametrize(
    ("cells", "classes", "y"),
    [
        (["b", "a", "b"], ["a", "b"], [1, 0, 1]),
        (["7", "-2", "7"], [-2, 7], [1, 0, 1]),
        (["1.0", "2.0", "1"], [1, 2], [0, 1, 0]),
        (["1.5", "2", "1"], None, [[1.5], [2], [1]]),
    ],
)
def test_texts_and_whole_numbers_are_classes_and_fractions_are_values(write, cells, classes, y):
    read = data.load(write("".join(f"{i},{cell}\n" for i, cell in enumerate(cells))))
    assert read.classes == classes
    assert read.y.tolist() == y


def test_more_than_twenty_whole_numbers_are_values_unless_classes_are_asked_for(write):
    path = write("".join(f"{i},{i % 21}\n" for i in range(42)))
    assert data.load(path).classes is None
    assert data.load(path, task="classes").classes == list(range(21))
    few = write("".join(f"{i},{i % 20}\n" for i in range(40)))
    assert data.load(few).classes == list(range(20))
    assert data.load(few, task="values").classes is None


# ---------------------------------------------------------------- what is refused, and how


@pytest.mark.parametrize("cell", ["", "?", "NA", "n/a", "nan", "NaN", "null", "None"])
@pytest.mark.parametrize(("row", "column"), [(2, 1), (4, 2), (5, 3)])
def test_a_missing_value_is_named_by_row_and_column(write, cell, row, column):
    lines = [line.split(",") for line in text().splitlines()]
    lines[row - 1][column - 1] = cell
    name = lines[0][column - 1]
    where = rf"at row {row}, column {column} \('{name}'\)"
    with pytest.raises(ValueError, match=f"table.csv: a missing value.* {where}"):
        data.load(write("\n".join(map(",".join, lines))))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2,a\n3,x,b\n", "expected a number at row 2, column 2, got text 'x'"),
        ("u,v,y\n\n1,2,a\n\n3,1_000,b\n", r"expected a number at row 5, column 2 \('v'\), got text '1_000'"),
        ("1,2,a\n3,inf,b\n", "expected a finite number at row 2, column 2, got inf"),
        ("1,2,a\n-1e999,3,b\n", "expected a finite number at row 2, column 1, got -1e999"),
        ("u,y\n1,2.5\n3,inf\n", r"expected a finite number at row 3, column 2 \('y'\), got inf"),
        ("1,2,3\n4,5\n", "expected 3 columns as in row 1, got 2 in row 2"),
        ("u,v,y\n\n1,2,3\n4,5,6,7\n", "expected 3 columns as in row 1, got 4 in row 4"),
        ('1,2,a\n3,4,"b\n5,6,c\n', "row 2 .*quotes"),
        ('1,2,a\n3,"4,b\n5,6,c\n', "row 2 .*quotes"),
        ("1,1\n2,1\n3,1\n", r"got one \(1\)"),
        ("1,cat\n2,cat\n", r"got one \(cat\)"),
        ("1\n2\n3\n", "at least one feature and a target"),
        ("a,b\n", "expected rows of data, got only a header"),
        ("", "empty"),
        ("\n \n", "empty"),
        ("1,2\n2,3\n3,4\n4,x\n", "expected a number at row 4, column 2, got text 'x'"),
        ("".join(f"{i},name{i}\n" for i in range(30)), "expected classes in column 2, got 30 different texts"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe\x00", "expected delimited text"),
        ("size,größe\n1,2\n".encode("latin-1"), "UTF-8"),
        pytest.param("u,v,y\n" + "a" * 200_000 + ",1,2\n", "row 2, column 1", id="a long cell"),
    ],
)
def test_damaged_tables(write, content, message):
    with pytest.raises(ValueError, match=rf"table.csv: .*{message}"):
        data.load(write(content))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("colour", "no column 'colour'; the columns are length, width, kind"),
        ("4", "no column 4; the columns are 1 to 3"),
        ("0", "no column 0"),
        ("-4", "no column -4"),
        ("1.5", "no column '1.5'"),
    ],
)
def test_a_target_that_is_not_there(write, target, message):
    with pytest.raises(ValueError, match=message):
        data.load(write(text()), target=target)


def test_a_name_without_a_header_and_a_name_of_two_columns(write):
    with pytest.raises(ValueError, match="there is no header; give a number from 1 to 3"):
        data.load(write(text(header=False)), target="kind")
    with pytest.raises(ValueError, match="more than one column is called 'a'"):
        data.load(write("a,a\n1,2\n2,1\n"), target="a")


@pytest.mark.parametrize("damage", ["cut", "garbled", "not gzip"])
def test_damaged_gzip(write, damage):
    whole = gzip.compress("".join(f"{i * 7919 % 1000},{i % 2}\n" for i in range(300)).encode())
    garbled = whole[:20] + b"\xff" * 9 + whole[29:]
    content = {"cut": whole[: len(whole) // 2], "garbled": garbled, "not gzip": b"1,2\n"}[damage]
    with pytest.raises(ValueError, match=r"table.csv.gz: .*damaged gzip"):
        data.load(write(content, "table.csv.gz"))


def test_sources_that_are_not_there(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere.csv: no such file"):
        data.load(tmp_path / "nowhere.csv")
    with pytest.raises(ValueError, match="folder of IDX files"):
        data.load(tmp_path)


def test_a_target_cannot_be_chosen_where_the_source_has_its_own(tmp_path):
    np.savez(tmp_path / "set.npz", x=X, y=LABELS)
    for source in (tmp_path / "set.npz", "pipeline"):
        with pytest.raises(ValueError, match="target"):
            data.load(source, target="kind")


# ---------------------------------------------------------------- NumPy's files


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("labels", [LABELS, [CLASSES[k] for k in LABELS]])
def test_npz(tmp_path, save, labels):
    save(tmp_path / "set.npz", x=X, y=labels)
    read = data.load(tmp_path / "set.npz")
    assert np.array_equal(read.x, X)
    assert read.y.tolist() == LABELS
    assert read.classes == sorted(set(labels))


def test_npz_of_images_is_flattened_and_bytes_are_pixels(tmp_path):
    images = np.arange(4 * 3 * 2, dtype=np.uint8).reshape(4, 3, 2)
    np.savez(tmp_path / "set.npz", x=images, y=LABELS)
    read = data.load(tmp_path / "set.npz")
    assert read.x.shape == (4, 6)
    assert read.x.dtype == np.uint8
    assert read.pixels
    shift, stretch = read.scaling()
    assert not shift.any()
    assert np.allclose(stretch, 1 / 255)


@pytest.mark.parametrize("outputs", [1, 2])
def test_npz_of_values(tmp_path, outputs):
    y = np.linspace(0, 1, 4 * outputs).reshape(4, outputs)
    np.savez(tmp_path / "set.npz", x=X, y=y)
    read = data.load(tmp_path / "set.npz")
    assert read.classes is None
    assert np.array_equal(read.y, y)


def test_npz_labels_in_a_column_are_labels(tmp_path):
    np.savez(tmp_path / "set.npz", x=X, y=np.array(LABELS)[:, None])
    assert data.load(tmp_path / "set.npz").y.tolist() == LABELS
    assert data.load_for(model(classes=[0, 1, 2]), tmp_path / "set.npz").y.tolist() == LABELS


@pytest.mark.parametrize(
    ("target", "x", "y"),
    [(None, [[1, 2], [4, 5]], [[3.5], [6]]), (1, [[2, 3.5], [5, 6]], [0, 1])],
)
def test_npy(tmp_path, target, x, y):
    np.save(tmp_path / "table.npy", [[1, 2, 3.5], [4, 5, 6]])
    read = data.load(tmp_path / "table.npy", target=target)
    assert read.x.tolist() == x
    assert read.y.tolist() == y


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
def test_a_fault_in_npy_is_named_by_its_place_in_the_file(tmp_path, target):
    np.save(tmp_path / "table.npy", [[1, 2, 3], [4, np.nan, 6]])
    with pytest.raises(ValueError, match="at row 2, column 2, got nan"):
        data.load(tmp_path / "table.npy", target=target)
    with pytest.raises(ValueError, match="at row 2, column 2, got nan"):
        data.load_for(model(column=0), tmp_path / "table.npy", need_target=False)


@pytest.mark.parametrize("name", ["set.npz", "table.npy"])
def test_truncated_numpy_files(tmp_path, name):
    path = tmp_path / name
    if name == "set.npz":
        np.savez(path, x=X, y=LABELS)
    else:
        np.save(path, X)
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=name):
            data.load(path)


# ---------------------------------------------------------------- data for a model that is there


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
def test_columns_are_found_for_a_model(write, content):
    read = data.load_for(model(**NAMED), write(content))
    assert np.array_equal(read.x, X)
    assert read.y.tolist() == LABELS


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
def test_prediction_needs_no_target(write, content):
    assert np.array_equal(data.load_for(model(**NAMED), write(content), need_target=False).x, X)


def test_a_target_that_was_not_the_last_column_is_found_by_position(write):
    path = write("0,1,2\n1,3,4\n")
    read = data.load(path, target=1)
    again = data.load_for(model(classes=read.classes, column=read.target_column), path)
    assert again.x.tolist() == read.x.tolist() == [[1, 2], [3, 4]]
    assert again.y.tolist() == [0, 1]


def test_columns_of_the_same_name_are_told_apart(write):
    path = write("a,a,y\n1,2,0\n3,4,1\n")
    read = data.load(path)
    again = data.load_for(model(classes=read.classes, names=read.features, column=read.target_column), path)
    assert again.x.tolist() == [[1, 2], [3, 4]]


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
def test_data_that_do_not_fit_a_model(write, content, message):
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


# ---------------------------------------------------------------- splitting, scaling, the built-in set


def numbered(rows=20):
    return data.Dataset("set", np.arange(2.0 * rows).reshape(rows, 2), np.arange(rows) % 2, classes=[0, 1])


def test_a_split_loses_no_row_and_depends_on_the_seed_alone():
    train, held_out = data.split(numbered(), 0.3, seed=5)
    assert (len(train.x), len(held_out.x)) == (14, 6)
    both = np.concatenate([train.x, held_out.x])
    assert sorted(both[:, 0]) == numbered().x[:, 0].tolist()
    assert np.array_equal(train.y, train.x[:, 0] // 2 % 2)
    assert np.array_equal(held_out.x, data.split(numbered(), 0.3, seed=5)[1].x)
    assert not np.array_equal(held_out.x, data.split(numbered(), 0.3, seed=6)[1].x)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 2, float("nan"), 0.001, 0.999])
def test_a_split_that_leaves_nothing_is_refused(fraction):
    with pytest.raises(ValueError, match="fraction: "):
        data.split(numbered(), fraction, seed=0)
    with pytest.raises(ValueError, match="val: "):
        data.split(numbered(), fraction, seed=0, name="val")


def test_a_scaling_of_another_name_is_refused():
    with pytest.raises(ValueError, match="how: expected auto, features, pixels or none, got 'feature'"):
        numbered().scaling("feature")


def test_scaling_gives_mean_0_and_deviation_1_and_leaves_a_constant_column_at_0():
    x = np.array([[1, 5, 0.1], [3, 5, 0.1], [8, 5, 0.1]])
    shift, stretch = data.standardization(x)
    scaled = (x - shift) * stretch
    assert np.allclose(scaled.mean(0), 0)
    assert np.allclose(scaled.std(0), [1, 0, 0])


def test_standardisation_is_learnt_from_the_training_part_only(write):
    path = write("".join(f"{i * i},{i % 2}\n" for i in range(20)))
    run = config.build(path, config.TrainConfig(hidden=[2], val=0.4, seed=1))
    whole = np.array([i * i for i in range(20)], float)
    inside = np.setdiff1d(whole, run.validation.x[:, 0])
    assert len(inside) == 12
    forward = run.net.forward(run.train.x)
    run.net.scale_input(inside.mean(), 1 / inside.std())
    assert np.array_equal(run.net.forward(run.train.x), forward)
    run.net.scale_input(whole.mean(), 1 / whole.std())
    assert not np.array_equal(run.net.forward(run.train.x), forward)


def test_the_built_in_set_has_the_shape_of_its_description_and_is_always_the_same():
    read = data.load("pipeline")
    assert read.x.shape == (1000, 20)
    assert np.bincount(read.y).tolist() == [334, 333, 333]
    assert np.array_equal(read.x, data.load("pipeline").x)
    assert np.isfinite(read.x).all()
    assert np.array_equal(data.load_for(model(20, [0, 1, 2]), "pipeline").y, read.y)
