"""Bad data and bad models: exit code 2, one line that names the problem, and no file written."""

import gzip
import json
import struct

import numpy as np
import pytest
from commands import ndrop, refused
from csv_tables import CATS_AND_DOGS

SMALL = ("--hidden", "4", "--epochs", "1")

pytestmark = pytest.mark.usefixtures("earlier_run")


def changed(row, column, cell):
    """Return the table with another cell; rows and columns count from 1, the header is row 1."""
    lines = [line.split(",") for line in CATS_AND_DOGS.splitlines()]
    lines[row - 1][column - 1] = cell
    return "\n".join(map(",".join, lines))


BAD_TABLES = {
    "empty": ("", ["empty"]),
    "only a header": ("u,v,kind\n", ["rows of data", "header"]),
    "ragged": (CATS_AND_DOGS + "1,2\n", ["row 32", "got 2", "3 columns"]),
    "ragged with more": (CATS_AND_DOGS + "1,2,cat,9\n", ["row 32", "got 4", "3 columns"]),
    "text": (changed(5, 2, "x"), ["'x'", "row 5", "column 2", "'v'", "--missing=x"]),
    "infinity": (changed(8, 2, "-inf"), ["-inf", "row 8", "column 2"]),
    "overflow": (changed(8, 2, "1e400"), ["1e400", "row 8", "column 2"]),
    "open quote": (changed(8, 2, '"3'), ["row 8", "a quote that opens", "close it or double it"]),
    "one class": (CATS_AND_DOGS.replace("dog", "cat"), ["two classes", "cat"]),
    "one column": ("1\n2\n", ["at least one feature", "check the delimiter"]),
    "binary": (b"\x00\xff\xfe\x80" * 100, ["text"]),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_train_on_bad_table(folder, case):
    content, words = BAD_TABLES[case]
    (folder / "bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    line = refused("train", "bad.csv", *SMALL, "--log", "log.jsonl", "--plot", "plot.svg")
    for word in ["bad.csv", *words]:
        assert word in line


@pytest.mark.parametrize(
    ("command", "case"),
    [("evaluate", case) for case in BAD_TABLES if case != "one class"]
    + [("predict", case) for case in BAD_TABLES if case != "one class"],
)
def test_evaluate_and_predict_on_bad_table(folder, model, command, case):
    content, words = BAD_TABLES[case]
    (folder / "bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    line = refused(command, model, "bad.csv", *(["--out", "predictions.csv"] if command == "predict" else []))
    assert "bad.csv" in line
    if "row" in " ".join(words):
        assert next(word for word in words if "row" in word) in line


MISSING = "2 missing values, filled with the median"


def test_missing_values(folder, model):
    (folder / "gaps.csv").write_text(changed(9, 1, "").replace("\n9,", "\nNaN,"))
    printed = ndrop("train", "gaps.csv", *SMALL).stdout
    assert "missing values, with an indicator: 1 (u)" in printed
    assert "3 features, 2 classes" in printed
    for command in ("evaluate", "predict"):
        result = ndrop(command, model, "gaps.csv")
        assert result.stderr == f"u: {MISSING} {np.median(np.arange(30) * 3 % 31):g}\n"
        assert "median" not in result.stdout


def test_missing_targets(folder):
    (folder / "gaps.csv").write_text(changed(31, 3, ""))
    printed = ndrop("train", "gaps.csv", *SMALL).stdout
    assert "1 row has no target in column 3 ('kind') (row 31): left out" in printed
    assert "29 rows, 2 features, 2 classes" in printed
    (folder / "class.csv").write_text(changed(31, 3, "?"))
    assert "30 rows, 2 features, 3 classes" in ndrop("train", "class.csv", *SMALL).stdout


@pytest.mark.parametrize("source", ["nowhere.csv", "nowhere/", "nowhere.npz", "nowhere/data.npy"])
def test_missing_source(model, source):
    assert "nowhere" in refused("train", source)
    assert "nowhere" in refused("evaluate", model, source)
    assert "nowhere" in refused("predict", model, source)


def test_folder_without_data(folder):
    (folder / "empty").mkdir()
    assert "empty" in refused("train", "empty")


@pytest.mark.parametrize("target", ["colour", "4", "0", "-4"])
def test_missing_target_column(target):
    line = refused("train", "good.csv", "--target", target)
    assert "good.csv" in line
    assert target in line


def test_target_of_built_in_set():
    assert "target" in refused("train", "pipeline", "--target", "kind")


@pytest.mark.parametrize("command", ["evaluate", "predict"])
@pytest.mark.parametrize("case", ["missing", "empty", "truncated", "arrays", "text", "folder", "a later version"])
def test_not_a_model(folder, model, command, case):
    path = folder / "bad.npz"
    content = (folder / model).read_bytes()
    if case == "arrays":
        np.savez(path, x=np.ones((3, 2)), weights=np.ones(3))
    elif case == "a later version":
        with np.load(model) as file:
            arrays = {name: file[name] for name in file.files}
        arrays["config"] = np.array(json.dumps(json.loads(str(arrays["config"])) | {"version": 99}))
        np.savez(path, **arrays)
    elif case == "folder":
        path.mkdir()
    elif case != "missing":
        path.write_bytes(
            {"empty": b"", "truncated": content[: len(content) * 2 // 3], "text": CATS_AND_DOGS.encode()}[case]
        )
    assert "bad.npz" in refused(command, "bad.npz", "good.csv")


@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_wrong_number_of_features(folder, model, command):
    (folder / "wide.csv").write_text("".join(f"{i},2,3,4,cat\n" for i in range(5)))
    assert "use --by-position" in refused(command, model, "wide.csv")
    line = refused(command, model, "wide.csv", "--by-position")
    assert "expected 3 columns as in training" in line
    assert "got 5" in line
    assert "got 20" in refused(command, model, "pipeline")


def test_missing_target_and_unknown_class(folder, model):
    (folder / "bare.csv").write_text("u,v\n1,2\n3,4\n")
    assert "kind" in refused("evaluate", model, "bare.csv")
    (folder / "yak.csv").write_text("u,v,kind\n1,2,cat\n3,4,yak\n")
    line = refused("evaluate", model, "yak.csv")
    assert "yak" in line
    assert "row 3" in line


def test_probabilities_of_regression(folder):
    (folder / "values.csv").write_text("".join(f"{i}.5,{i + 0.5}\n" for i in range(30)))
    ndrop("train", "values.csv", *SMALL, "--out", "r.npz")
    assert "regression" in refused("predict", "r.npz", "values.csv", "--proba", "--out", "predictions.csv")


X, Y = np.arange(12.0).reshape(6, 2), np.arange(6) % 2
BAD_ARRAYS = {
    "no y": {"x": X},
    "no x": {"y": Y},
    "too few y": {"x": X, "y": Y[:4]},
    "y a number": {"x": X, "y": 1},
    "y bytes": {"x": X, "y": np.array([b"a", b"b"] * 3)},
    "y dates": {"x": X, "y": Y.astype("M8[D]")},
    "x flat": {"x": X[:, 0], "y": Y},
    "no rows": {"x": X[:0], "y": Y[:0]},
    "x text": {"x": X.astype(str), "y": Y},
    "x objects": {"x": X.astype(object), "y": Y},
    "NaN": {"x": np.where(X == 5, np.nan, X), "y": Y},
    "infinity": {"x": np.where(X == 5, np.inf, X), "y": Y},
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_bad_arrays(folder, model, case):
    np.savez(folder / "bad.npz", **BAD_ARRAYS[case])
    lines = [refused("train", "bad.npz", *SMALL), refused("evaluate", model, "bad.npz")]
    for line in lines:
        assert "bad.npz" in line
        assert case not in ("NaN", "infinity") or "row 3, column 2" in line


@pytest.mark.parametrize("name", ["bad.npz", "bad.npy", "bad.csv.gz"])
def test_truncated_data(folder, model, name):
    path = folder / name
    if name.endswith(".npz"):
        np.savez(path, x=X, y=Y)
    elif name.endswith(".npy"):
        np.save(path, X)
    else:
        path.write_bytes(gzip.compress(CATS_AND_DOGS.encode()))
    path.write_bytes(path.read_bytes()[:-20])
    assert name in refused("train", name, *SMALL)
    assert name in refused("predict", model, name)


@pytest.mark.parametrize("part", ["train", "t10k"])
@pytest.mark.parametrize("kind", ["images", "labels"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_truncated_idx(folder, model, part, kind, pack):
    images = struct.pack(">4I", 0x803, 6, 1, 2) + bytes(range(12))
    labels = struct.pack(">2I", 0x801, 6) + bytes(Y.tolist())
    (folder / "idx").mkdir()
    for where in ("train", "t10k"):
        for name, content in (("images", pack(images)), ("labels", pack(labels))):
            end = -1 if (where, name) == (part, kind) else None
            (folder / "idx" / f"{where}-{name}{'.gz' * (pack is not bytes)}").write_bytes(content[:end])
    line = refused(*(["train", "idx"] if part == "train" else ["evaluate", model, "idx"]))
    assert f"{part}-{kind}" in line
    assert "truncated" in line


def test_decimal_comma(tmp_path):
    (tmp_path / "comma.csv").write_text("a;b;c\n1,5;2,5;0\n2,5;1,5;1\n")
    message = refused("train", str(tmp_path / "comma.csv"), *SMALL)
    assert message.endswith(
        "comma.csv: column 1 ('a'), column 2 ('b'): numbers with another decimal sign; give --decimal ,"
    )


def test_numbers_too_large_to_scale(tmp_path):
    (tmp_path / "huge.csv").write_text("a,b,c\n1e200,1,0\n-1e200,2,1\n3e200,3,1\n")
    for command in (["train", *SMALL], ["columns"]):
        line = refused(command[0], str(tmp_path / "huge.csv"), *command[1:])
        assert "huge.csv: column 1 ('a') has 3e+200, a number that is too large to be scaled; divide" in line
        assert line.endswith("by a constant, or leave it out with --drop a")
        line = refused(command[0], str(tmp_path / "huge.csv"), "--target", "a", *command[1:])
        assert "huge.csv: column 1 ('a') has 3e+200, a number that is too large to be scaled; divide" in line
        assert line.endswith("by a constant, or choose another target")


def test_arrays_too_large_to_scale(tmp_path):
    x = np.array([[1.0, 1e200], [2.0, -1e200], [3.0, 3e200]])
    np.savez(tmp_path / "huge.npz", x=x, y=np.array([0, 1, 1]))
    assert "huge.npz: feature 2: the numbers are too large" in refused("train", str(tmp_path / "huge.npz"), *SMALL)
