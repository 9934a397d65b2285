"""The options of tables, through each command that takes them."""

import csv
import json

import numpy as np
import pytest
from commands import invoke, ndrop, refused

import numba_dropout as nd

NETWORK = ("--hidden", "3", "--epochs", "2", "--batch-size", "8", "--optimizer", "adam", "--seed", "1")
QUICK = (*NETWORK[2:], "--jobs", "1", "--rates", "0,0.5")
PLAIN = [(f"{(i * 37 % 40) / 8 + 1000:.3f}", f"{(i * 17 % 40) / 8:.3f}", "yes" if i % 3 else "no") for i in range(40)]
NAMES = ("u", "v", "ja")
DATES = ["day: days", "day: month", "day: weekday"]
BASE = ["city=a", "city=b", "city=c", "city=(other)", "zip", "w", "x"]


def written(rows, delimiter=",", names=NAMES):
    return "".join(delimiter.join(map(str, row)) + "\n" for row in ([names] if names else []) + rows)


def replaced(*pairs):
    """Return the rows with other texts in the cells."""
    rows = []
    for row in PLAIN:
        for old, new in pairs:
            row = [cell.replace(old, new) for cell in row]
        rows.append(row)
    return rows


# Other ways to write the table, with the options that read them.
READING = {
    "--no-header": (["--no-header"], written(PLAIN, names=None)),
    "--delimiter": (["--delimiter", "|"], written(PLAIN, "|")),
    "--decimal": (["--decimal", ",", "--delimiter", ";"], written(replaced((".", ",")), ";")),
    "--thousands": (["--thousands", "'"], written([("1'" + a[1:], *more) for a, *more in PLAIN])),
    "--comment": (["--comment", "#"], "#u,v,ja\n" + written(PLAIN) + "# 1,2,3\n"),
    "--skip": (["--skip", "2"], "A table\nof 2026, by nobody\n" + written(PLAIN)),
    "--skip-footer": (["--skip-footer", "1"], written(PLAIN) + "Total: 60\n"),
    "--encoding": (["--encoding", "latin-1"], written(replaced(("yes", "é"), ("no", "à"))).encode("latin-1")),
}


@pytest.fixture
def plain(folder):
    """Work in a folder with a table, a model of it, and what the other commands say of it."""
    (folder / "plain.csv").write_text(written(PLAIN))
    ndrop("train", "plain.csv", *NETWORK, "--out", "plain.npz")
    return folder


def figures(source, *options):
    """Return what compare and tune print of a table, without its name."""
    compared = ndrop("compare", source, *QUICK, "--hidden", 3, "--repeats", 1, *options).stdout
    tuned = ndrop("tune", source, *QUICK, "--widths", "3", "--out", "best.npz", *options).stdout
    return compared.partition(f"{source}: ")[2], tuned.partition("   validation loss")[2].partition("next")[0]


@pytest.mark.parametrize("option", READING)
def test_reading(plain, option):
    options, content = READING[option]
    (plain / "other.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    printed = ndrop("train", "other.csv", *NETWORK, *options).stdout
    assert "other.csv: 40 rows, 2 features, 2 classes" in printed
    net, expected = nd.MLP.load("model.npz"), nd.MLP.load("plain.npz")
    assert all(np.array_equal(net.state_dict()[name], value) for name, value in expected.state_dict().items())
    labels = {"yes": "é", "no": "à"} if option == "--encoding" else {"yes": "yes", "no": "no"}
    predicted = ndrop("predict", "plain.npz", "plain.csv").stdout.split()[1:]
    assert ndrop("predict", "model.npz", "other.csv").stdout.split()[1:] == [labels[label] for label in predicted]
    if option != "--encoding":
        measured = ndrop("evaluate", "plain.npz", "plain.csv", "--json").stdout
        given = [*options, *(["--by-position"] if option == "--no-header" else [])]
        assert ndrop("evaluate", "model.npz", "other.csv", "--json").stdout == measured
        assert ndrop("evaluate", "plain.npz", "other.csv", "--json", *given).stdout == measured
        assert ndrop("predict", "plain.npz", "other.csv", *given).stdout.split()[1:] == predicted
    assert figures("other.csv", *options) == figures("plain.csv")


def test_missing(plain):
    rows = [("-999" if i in (4, 7) else a, b, label) for i, (a, b, label) in enumerate(PLAIN)]
    (plain / "marked.csv").write_text(written(rows))
    (plain / "gaps.csv").write_text(written([("" if a == "-999" else a, *more) for a, *more in rows]))
    for name in ("marked", "gaps"):
        ndrop("train", f"{name}.csv", *NETWORK, "--out", f"{name}.npz", *["--missing=-999"] * (name == "marked"))
        assert nd.MLP.load(f"{name}.npz").features == ["u", "u missing", "v"]
    expected = ndrop("evaluate", "gaps.npz", "gaps.csv", "--json")
    assert "u: 2 missing values, filled with the median" in expected.stderr
    assert ndrop("evaluate", "marked.npz", "marked.csv", "--json").stdout == expected.stdout
    filled = ndrop("evaluate", "plain.npz", "marked.csv", "--missing=-999").stderr
    assert filled == f"u: 2 missing values, filled with the median {np.median([float(row[0]) for row in PLAIN]):g}\n"
    assert "far outside" in ndrop("evaluate", "plain.npz", "marked.csv").stderr
    assert figures("marked.csv", "--missing=-999") == figures("gaps.csv")
    (plain / "none.csv").write_text(written([(a, b, "None" if i % 2 else "NA") for i, (a, b, _) in enumerate(PLAIN)]))
    ndrop("train", "none.csv", *NETWORK, "--missing", "")
    assert set(ndrop("predict", "model.npz", "none.csv").stdout.split()[1:]) <= {"None", "NA"}


@pytest.fixture
def kinds_of_columns(folder):
    """Work in a folder with a table of columns of every kind."""
    rows = []
    for i in range(40):
        city = "rare" if i == 5 else "abc"[(i + i // 20) % 3 if i % 4 else 0]
        day, label = f"{1 + i % 28:02d}-{1 + i % 3:02d}-2024", "yes" if i * 7 % 40 < 20 else "no"
        rows.append((i + 1, city, 10 * (1 + i % 3), day, 1 + i % 2, f"{i * 7 % 40 / 10 + 0.05:.2f}", label))
    names = ("row", "city", "zip", "day", "w", "x", "y")
    (folder / "t.csv").write_text(written(rows, names=names))
    new = [(i + 1, "z", 10, day, 1, 99, label) for i, _, _, day, _, _, label in rows[:6]]
    (folder / "new.csv").write_text(written(new, names=names))
    return folder


NO_DAY = ["--drop", "day"]
COLUMNS = {
    "--drop": ([*NO_DAY, "--drop", "zip"], [name for name in BASE if name != "zip"]),
    "--use": ([*NO_DAY, "--use", "row"], ["row", *BASE]),
    "--categorical": ([*NO_DAY, "--categorical", "zip"], [*BASE[:4], "zip=10", "zip=20", "zip=30", *BASE[5:]]),
    "--numeric": ([*NO_DAY, "--numeric", "row"], ["row", *BASE]),
    "--id": ([*NO_DAY, "--id", "x"], BASE[:-1]),
    "--weights": ([*NO_DAY, "--weights", "w"], [name for name in BASE if name != "w"]),
    "--date": (
        ["--date", "day=%d-%m-%Y"],
        [*BASE[:5], *DATES, *BASE[5:]],
    ),
    "--min-count": ([*NO_DAY, "--min-count", "1"], [*BASE[:3], "city=rare", *BASE[4:]]),
    "a number": (["--drop", "4", "--drop", "-2"], BASE[:-1]),
}


@pytest.mark.parametrize("option", COLUMNS)
def test_columns(kinds_of_columns, option):
    options, names = COLUMNS[option]
    assert f"{len(names)} features, 2 classes" in ndrop("train", "t.csv", *NETWORK, *options).stdout
    assert nd.MLP.load("model.npz").features == names
    compared, _ = figures("t.csv", *options)
    assert compared.startswith(f"{len(names)}-3-2, ")
    assert nd.MLP.load("best.npz").features == names
    measured = json.loads(ndrop("evaluate", "model.npz", "t.csv", "--json").stdout)
    assert measured["rows"] == 40
    head, *rows = csv.reader(ndrop("predict", "model.npz", "t.csv").stdout.splitlines())
    assert head == (["x", "prediction"] if option == "--id" else ["prediction"])
    assert [row[0] for row in rows[:2]] == ["0.05", "0.75"] or option != "--id"


def test_unknown_columns(kinds_of_columns):
    for option in ("--drop", "--use", "--categorical", "--numeric", "--id", "--weights"):
        message = refused("train", "t.csv", *NETWORK, option, "nowhere")
        assert "t.csv: there is no column 'nowhere'; the columns are row, city, zip" in message
    assert "there is no column 9; the columns are 1 to 7" in refused("train", "t.csv", "--drop", "9")
    assert "expected NAME=VALUE, got 'day'" in refused("train", "t.csv", "--date", "day")
    assert "row 2, column 4 ('day')" in refused("train", "t.csv", *NETWORK, "--date", "day=%Y")


def test_task(folder):
    (folder / "t.csv").write_text(written([(a, b, i % 4) for i, (a, b, _) in enumerate(PLAIN)]))
    for task, units in (("classes", 4), ("values", 1), ("auto", 4)):
        printed = ndrop("train", "t.csv", *NETWORK, "--task", task).stdout
        assert nd.MLP.load("model.npz").sizes == [2, 3, units]
        assert ("--task values reads values" in printed) == (task == "auto")
        compared, _ = figures("t.csv", "--task", task)
        assert compared.startswith(f"2-3-{units}, ")
        assert nd.MLP.load("best.npz").sizes[-1] == units


@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_unknown_levels_and_ranges(kinds_of_columns, command):
    ndrop("train", "t.csv", *NETWORK, *NO_DAY)
    notes = ndrop(command, "model.npz", "new.csv").stderr
    assert all(len(line) <= 80 for line in notes.splitlines())
    assert " ".join(notes.split()) == (
        "city: 6 cells with a level that training did not have; --unknown refuse makes it an error "
        "x: 6 values far outside the training range, 0.05 to 3.95; bounded by -3.85 to 7.85, --no-clip leaves them"
    )


def test_new_rows_options(kinds_of_columns):
    for more, name in (([], "open.npz"), (["--unknown", "refuse", "--clip"], "closed.npz")):
        ndrop("train", "t.csv", *NETWORK, *NO_DAY, *more, "--out", name)
    for command in ("evaluate", "predict"):
        message = refused(command, "closed.npz", "new.csv")
        assert "new.csv: 'z' at row 2, column 2 ('city'), is not one of the training levels a, b, c, rare" in message
        assert "--unknown zeros accepts it" in message
        assert refused(command, "open.npz", "new.csv", "--unknown", "refuse") == message
    clipped = ndrop("predict", "closed.npz", "new.csv", "--unknown", "zeros", "--proba")
    assert "bounded by it" in clipped.stderr
    assert ndrop("predict", "open.npz", "new.csv", "--clip", "--proba").stdout == clipped.stdout
    wide = ndrop("predict", "closed.npz", "new.csv", "--unknown", "zeros", "--no-clip", "--proba").stdout
    assert wide == ndrop("predict", "open.npz", "new.csv", "--no-clip", "--proba").stdout != clipped.stdout
    assert ndrop("predict", "open.npz", "new.csv", "--proba").stdout not in (wide, clipped.stdout)


def edited(source, target, **kinds):
    """Write the file of kinds with other kinds of some columns."""
    columns = json.loads(source.read_text())
    for column in columns["columns"]:
        column["kind"] = kinds.get(str(column["name"]), column["kind"])
    target.write_text(json.dumps(columns))


def test_columns_file(kinds_of_columns):
    folder = kinds_of_columns
    ndrop("columns", "t.csv", "--date", "day=%d-%m-%Y", "--id", "w", "--json", "c.json")
    ndrop("train", "t.csv", *NETWORK, "--columns", "c.json")
    assert nd.MLP.load("model.npz").features == [*BASE[:5], *DATES, "x"]
    edited(folder / "c.json", folder / "e.json", zip="category", row="number", day="dropped", w="weights", x="id")
    ndrop("train", "t.csv", *NETWORK, "--columns", "e.json")
    assert nd.MLP.load("model.npz").features == ["row", *BASE[:4], "zip=10", "zip=20", "zip=30"]
    assert ndrop("predict", "model.npz", "t.csv").stdout.startswith("x,prediction\n0.05,")
    compared, _ = figures("t.csv", "--columns", "e.json")
    assert compared.startswith("8-3-2, ")
    assert nd.MLP.load("best.npz").features == nd.MLP.load("model.npz").features
    edited(folder / "c.json", folder / "e.json", y="category", x="target")
    assert "values" in ndrop("train", "t.csv", *NETWORK, "--columns", "e.json").stdout
    assert nd.MLP.load("model.npz").target == "x"


def test_options_beside_a_columns_file(kinds_of_columns):
    """An option names what a column is, whatever the file says."""
    edited_options = ["--categorical", "zip", "--drop", "day"]
    ndrop("columns", "t.csv", *edited_options, "--json", "c.json")
    ndrop("train", "t.csv", *NETWORK, "--columns", "c.json", "--numeric", "zip", "--use", "row", "--drop", "city")
    assert nd.MLP.load("model.npz").features == ["row", "zip", "w", "x"]
    ndrop("train", "t.csv", *NETWORK, "--columns", "c.json", "--date", "day=%d-%m-%Y", "--target", "x")
    net = nd.MLP.load("model.npz")
    assert (net.target, "day: month" in net.features) == ("x", True)
    ndrop("train", "t.csv", *NETWORK, "--columns", "c.json", "--target", str(net.target_column + 1))
    assert nd.MLP.load("model.npz").target == "x"


def test_columns_file_of_a_table_without_names(folder):
    (folder / "t.csv").write_text(written(PLAIN, names=None))
    ndrop("columns", "t.csv", "--json", "c.json")
    edited(folder / "c.json", folder / "e.json", **{"1": "dropped"})
    ndrop("train", "t.csv", *NETWORK, "--columns", "e.json")
    assert nd.MLP.load("model.npz").sizes == [1, 3, 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "--columns: c.json is not a file that `ndrop columns --json` wrote."),
        ('{"columns": [{"name": "x"}]}', "is not a file that `ndrop columns --json` wrote"),
        ("[]", "is not a file that `ndrop columns --json` wrote"),
        ('{"columns": [{"name": "x", "kind": "colour"}]}', "as the kind of x, got 'colour'"),
        ('{"columns": [{"name": "old", "kind": "number"}]}', "t.csv: there is no column 'old'"),
    ],
)
def test_refused_columns_files(kinds_of_columns, content, message):
    (kinds_of_columns / "c.json").write_text(content)
    assert message in refused("train", "t.csv", *NETWORK, "--columns", "c.json")
    assert "nowhere.json" in refused("train", "t.csv", *NETWORK, "--columns", "nowhere.json")


def test_columns_file_is_kept(kinds_of_columns):
    ndrop("columns", "t.csv", *NO_DAY, "--json", "c.npz.json")
    for command in ("compare", "train", "tune"):
        out = "--json" if command == "compare" else "--out"
        (kinds_of_columns / "c.npz").write_bytes((kinds_of_columns / "c.npz.json").read_bytes())
        name = "c.npz.json" if command == "compare" else "c.npz"
        assert "already used in this run" in refused(command, "t.csv", "--columns", name, out, name)


def test_resume(kinds_of_columns):
    folder = kinds_of_columns
    options = ["--date", "day=%d-%m-%Y", "--drop", "w", "--id", "row", "--categorical", "zip", "--clip"]
    ndrop("train", "t.csv", *NETWORK, *options, "--checkpoint-every", "6")
    expected = (folder / "model.npz").read_bytes()
    assert nd.MLP.load("model.npz").features == [*BASE[:4], "zip=10", "zip=20", "zip=30", *DATES, "x"]
    for again in ([], options):
        (folder / "model.npz").unlink()
        assert "resuming at step 6 of 10" in ndrop("train", "--resume", "model.ckpt-6.npz", *again).stdout
        assert (folder / "model.npz").read_bytes() == expected
    for option, shown in (
        (["--id", "x"], "--id: model.ckpt-6.npz was trained with row, got x"),
        (["--date", "day=%Y"], "--date: model.ckpt-6.npz was trained with {'day': '%d-%m-%Y'}"),
        (["--weights", "w"], "--weights: model.ckpt-6.npz was trained with the default, got w"),
        (["--no-clip"], "--clip: model.ckpt-6.npz was trained with True"),
    ):
        assert shown in refused("train", "--resume", "model.ckpt-6.npz", *option)


def test_resume_with_a_columns_file(kinds_of_columns):
    folder = kinds_of_columns
    ndrop("columns", "t.csv", *NO_DAY, "--json", "c.json")
    edited(folder / "c.json", folder / "e.json", zip="category", x="id")
    ndrop("train", "t.csv", *NETWORK, "--columns", "e.json", "--checkpoint-every", "6")
    expected = (folder / "model.npz").read_bytes()
    for more in ([], ["--columns", "e.json"]):
        ndrop("train", "--resume", "model.ckpt-6.npz", *more)
        assert (folder / "model.npz").read_bytes() == expected
    message = refused("train", "--resume", "model.ckpt-6.npz", "--columns", "c.json")
    assert "--columns: model.ckpt-6.npz was trained with" in message


def test_part_reads_as_training(plain):
    ndrop("train", "plain.csv", *NETWORK, "--val", "0.25")
    for option in (["--no-header"], ["--skip", "0"], ["--by-position"], ["--unknown", "zeros"], ["--missing", "x"]):
        message = refused("evaluate", "model.npz", "plain.csv", "--part", "val", *option)
        assert f"{option[0].replace('--no-', '--')}: not valid with --part" in message


@pytest.mark.parametrize("command", ["train", "compare", "tune", "columns"])
def test_values_out_of_range(kinds_of_columns, command):
    for option, value in (("--decimal", ";"), ("--delimiter", "ab"), ("--skip", "-1"), ("--min-count", "0")):
        result = invoke(command, "t.csv", option, value)
        assert result.exit_code == 2
        assert option.removeprefix("--") in result.stderr
    assert invoke(command, "t.csv", "--encoding", "nonsense").exit_code == 2
