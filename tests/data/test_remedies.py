"""Remedies in messages: the options that they name are those of the function, and mend what they are named for."""

import ast

import numpy as np
import pandas
import pytest

import numba_dropout as nd
from numba_dropout.core.errors import InputError
from numba_dropout.core.options import command_line

ROWS = 30
NUMBERS = [f"{i}.25" for i in range(ROWS)]
NAMES = [f"name {i}" for i in range(ROWS)]


def keywords(remedy):
    """Return the keyword arguments of a remedy such as `decimal=',', thousands='.'`."""
    call = ast.parse(f"f({remedy})", mode="eval").body
    return {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}


def write(path, columns, delimiter=";"):
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    path.write_text("".join(delimiter.join(map(str, row)) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("cells", "remedy", "features"),
    [
        (NAMES, "drop=['a b']", ["x"]),
        (["03/28/2023", "04/01/2023", "05/20/2023"] * 10, "dates={'a b': '%m/%d/%Y'}", None),
        (["1.234,5", "2.000,25", "3,5"] * 10, "decimal=','", ["a b", "x"]),
        (["1'234", "2'000", "3"] * 10, 'thousands="\'"', ["a b", "x"]),
        (["1,200", "2,000", "1300"] * 10, "thousands=','", ["a b", "x"]),
        (["1.847", "646", "12.500"] * 10, "thousands='.', decimal=','", ["a b", "x"]),
        (["1.847", "646", "12.500"] * 10, "thousands=''", ["a b", "x"]),
        ([*NUMBERS[:-1], "n.k."], "missing=['n.k.']", ["a b", "a b missing", "x"]),
        ([*NUMBERS[:-1], "n.k."], "categorical=['a b']", None),
        ([*NUMBERS[:-1], "30%"], "drop=['a b']", ["x"]),
    ],
)
def test_refused_columns(tmp_path, cells, remedy, features):
    source = write(tmp_path / "t.csv", {"a b": cells, "x": range(5, 5 + ROWS), "y": ["u", "v"] * 15})
    with pytest.raises(InputError) as error:
        nd.data.load(source)
    assert remedy in str(error.value)
    encoder = nd.data.load(source, **keywords(remedy)).encoder
    assert features is None or encoder.names == features


def test_texts_of_one_row_each_are_no_category(tmp_path):
    """They would have no feature, so that --categorical is advised only for columns with texts that come again."""
    names, numbers = [f"name {i}" for i in range(60)], [f"{i}.25" for i in range(60)]
    again = [*names[:-1], names[0]]
    with pytest.raises(InputError) as error:
        nd.data.load(write(tmp_path / "t.csv", {"id": names, "again": again, "x": numbers, "y": numbers}))
    assert str(error.value).endswith("or keep with ids=... or categorical=['again']")
    with pytest.raises(InputError) as error:
        nd.data.load(write(tmp_path / "t.csv", {"again": again, "x": numbers, "y": numbers}))
    assert str(error.value).endswith("or keep with ids=... or categorical=...")


def test_several_columns_at_once():
    day, other = ["05.03.2024", "06.04.2024"] * 15, ["2024/03/05", "2024/04/30"] * 15
    columns = {"day": day, "other": other, "name": NAMES, "word": NAMES, "y": [1.5, 2.5] * 15}
    with pytest.raises(InputError) as error:
        nd.data.load(columns)
    first = "dates={'day': '%d.%m.%Y', 'other': '%Y/%m/%d'}"
    second = "dates={'day': '%m.%d.%Y', 'other': '%Y/%m/%d'}"
    assert "drop=['name', 'word'], or keep with ids=...; " in str(error.value)
    assert str(error.value).endswith(f"give {first} or {second}")
    for dates in (first, second):
        assert nd.data.load(columns, drop=["name", "word"], **keywords(dates)).encoder.names[0] == "day: days"


@pytest.mark.parametrize(
    ("columns", "note", "kind"),
    [
        ({"i": range(ROWS), "a": NUMBERS}, "use=['i'] keeps it", "number"),
        ({"a": ["007", "010", "200"] * 10}, "numeric=['a'] reads numbers", "number"),
        ({"a": ["1", "2", "3+"] * 10}, "drop=['a'] leaves the column out", "dropped"),
        ({"a": ["10:30", "11:45"] * 15}, "drop=['a'] leaves it out", "dropped"),
        ({"a": ["(1.5)", "2.5"] * 15}, "categorical=['a'] makes the column a category", "category"),
    ],
)
def test_notes(tmp_path, columns, note, kind):
    source = write(tmp_path / "t.csv", columns | {"x": NUMBERS, "y": ["u", "v"] * 15})
    (found,) = [each for each in nd.data.load(source).notes if note in each]
    remedy = note[: note.index("]") + 1]
    assert remedy in found
    assert nd.data.load(source, **keywords(remedy)).encoder.plans[0].kind == kind


@pytest.mark.parametrize(
    ("target", "remedy", "classes"),
    [
        (list(range(3)) * 10, "task='values'", False),
        ([f"{i}" for i in range(ROWS)], "task='classes'", True),
        ([*NUMBERS[:-1], "junk"], "task='classes'", True),
        ([*NUMBERS[:-1], "junk"], "missing=['junk']", False),
        (["(1.5)", "2.5"] * 15, "task='classes'", True),
    ],
)
def test_targets(tmp_path, target, remedy, classes):
    source = write(tmp_path / "t.csv", {"x": NUMBERS, "y": target})
    try:
        text = "\n".join(nd.data.load(source).notes)
    except InputError as error:
        text = str(error)
    assert remedy in text
    assert (nd.data.load(source, **keywords(remedy)).classes is not None) == classes


@pytest.mark.parametrize(
    ("content", "remedy", "width"),
    [
        (b"\xe9,b\n1,2\n", "encoding='latin-1'", 2),
        ("a,b\n1,2\n".encode("utf-16-le"), "encoding='utf-16-le'", 2),
        (b"title\na,b\n1,2\n3,4\n5,6\n", "skip=1", 2),
        (b"0,1,2\n5,7,9\n6,6,6\n7,7,8\n", "header=False", 3),
        (b"sep=;\na;b\n1,5;2\n", "delimiter=...", 2),
    ],
)
def test_reading(tmp_path, content, remedy, width):
    source = tmp_path / "t.csv"
    source.write_bytes(content)
    try:
        text = "\n".join(nd.data.read(source).notes)
    except InputError as error:
        text = str(error)
    assert remedy in text
    if "..." not in remedy:
        assert nd.data.read(source, **keywords(remedy)).width == width


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"patience": 2}, "val=0.1"),
        ({"group": "g"}, "val=0.2"),
        ({"loss": "poisson"}, "target_transform='yeo-johnson'"),
    ],
)
def test_training(options, remedy):
    columns = {"g": list("abc") * 10, "x": np.linspace(0, 1, ROWS), "y": [-1.5, 2.5] * 15}
    with pytest.raises(InputError) as error:
        nd.train(columns, hidden=[2], epochs=2, **options)
    assert remedy in str(error.value)
    kept = {name: value for name, value in options.items() if name != "loss"}
    assert nd.train(columns, hidden=[2], epochs=2, **kept, **keywords(remedy)).step


def test_a_copy_of_the_target():
    columns = {"x": np.linspace(0, 1, ROWS), "copy": [1.5, 2.5] * 15, "y": [1.5, 2.5] * 15}
    with pytest.warns(UserWarning, match=r"equals the target .*; leave it out with drop=\['copy'\]$"):
        nd.train(columns, hidden=[2], epochs=1)
    assert nd.train(columns, hidden=[2], epochs=1, drop=["copy"]).encoder.names == ["x"]


@pytest.fixture(scope="module")
def net():
    frame = pandas.DataFrame({"c": ["a", "b"] * 15, "x": range(ROWS), "y": [1.5, 2.5, 3.5] * 10})
    return nd.train(frame, use=["x"], hidden=[2], epochs=1)


def test_new_rows(net):
    frame = pandas.DataFrame({"c": ["a", "z"], "x": [1.0, 1000.0], "y": [1.5, 2.5]})
    unknown, far = nd.data.load_for(net, frame).notes
    assert unknown.endswith("; unknown='refuse' makes it an error")
    assert far.endswith(", clip=False leaves them")
    assert nd.data.load_for(net, frame, clip=False).x.max() == 1000
    with pytest.raises(InputError, match="; unknown='zeros' accepts it"):
        nd.data.load_for(net, frame, unknown="refuse")
    strange = frame.assign(x=["1", "many"])
    with pytest.raises(InputError, match=r"got 'many'; missing=\['many'\] reads it as missing"):
        nd.data.load_for(net, strange)
    assert len(nd.data.load_for(net, strange, missing=["many"]).x) == 2


def test_names(net):
    unnamed = nd.data.read(np.array([[1.0, 2.0, 3.0]]))
    with pytest.raises(InputError, match="use by_position=True if"):
        nd.data.load_for(net, unnamed)
    assert len(nd.data.load_for(net, unnamed, by_position=True).x) == 1


def test_predict_names_no_options(net):
    """`predict` has none of those of `load_for`."""
    frame = pandas.DataFrame({"c": ["a", "z"], "x": [1.0, 1000.0]})
    with pytest.warns(UserWarning, match="training") as warned:
        net.predict(frame)
    with pytest.raises(InputError, match=r"got 'many'$"):
        net.predict(frame.assign(x=["1", "many"]))
    assert len(warned) == 2
    assert not [str(each.message) for each in warned if "=" in str(each.message)]


def test_commands(tmp_path):
    source = write(tmp_path / "t.csv", {"a b": NAMES, "x": NUMBERS, "y": ["u", "v"] * 15})
    with command_line(), pytest.raises(InputError, match="leave out with --drop 'a b', or keep with --id"):
        nd.data.load(source)
