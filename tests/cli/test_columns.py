"""`ndrop columns`: what becomes of each column, without training."""

import json
import random

import pytest
from commands import contents, invoke, ndrop, refused
from shared_tables import ISLP, needs_tables, table

HEAD = ["column", "kind", "levels", "missing", "range", "becomes"]
ROWS = [
    (
        i + 1,
        ["north", "south", "north", "east"][i % 4],
        "" if i in (3, 9) else f"{i * 7 % 40 / 10:.1f}",
        f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}",
        "kg",
        1 + i % 2,
        "yes" if i % 3 else "no",
    )
    for i in range(40)
]
NAMES = ("row", "region", "x", "day", "unit", "w", "y")


@pytest.fixture
def kinds(folder):
    """Work in a folder with a table of columns of every kind."""
    (folder / "t.csv").write_text("\n".join(",".join(map(str, row)) for row in (NAMES, *ROWS)) + "\n")
    return folder


def rows_of(printed):
    """Return the rows of the printed table by the names of the columns."""
    lines = printed.split("\n\n")[1].splitlines()
    assert lines[0].split() == HEAD
    return {line.split()[0]: line.split()[1:] for line in lines[1:] if not line.startswith(" ")}


def test_table(kinds):
    printed = ndrop("columns", "t.csv").stdout
    assert printed.startswith("t.csv: 40 rows, 7 columns\n\n")
    rows = rows_of(printed)
    assert rows["row"][:2] == ["index", "left"]
    assert rows["region"] == ["category", "3", "3", "features"]
    assert rows["x"] == ["number", "2", "0", "to", "3.9", "2", "features"]
    assert rows["day"] == ["date", "2024-01-01", "to", "2024-12-24", "3", "features"]
    assert rows["unit"] == ["constant", "1", "left", "out:", "always"]
    assert "left out: always 'kg'" in " ".join(printed.split())
    assert rows["w"] == ["number", "1", "to", "2", "1", "feature"]
    assert rows["y"] == ["target", "target"]
    assert "counts the rows: left out; --use row keeps it" in " ".join(printed.split())
    assert max(map(len, printed.splitlines())) <= 80


def test_features_are_those_of_training(kinds):
    rows = rows_of(ndrop("columns", "t.csv").stdout)
    counts = [int(words[-2]) for words in rows.values() if words[-1] in ("feature", "features")]
    printed = ndrop("train", "t.csv", "--hidden", "2", "--epochs", "1").stdout
    assert f"{sum(counts)} features, 2 classes" in printed


def test_options(kinds):
    options = ["--target", "x", "--drop", "unit", "--id", "row", "--weights", "w", "--categorical", "day"]
    rows = rows_of(ndrop("columns", "t.csv", *options, "--numeric", "w").stdout)
    assert rows["row"] == ["id", "carried", "into", "predictions"]
    assert rows["day"][:2] == ["category", "38"]
    assert rows["unit"] == ["dropped", "left", "out:", "--drop"]
    assert rows["w"] == ["weights", "weights", "of", "the", "rows"]
    assert rows["x"] == ["target", "target"]
    assert rows["y"] == ["category", "2", "1", "feature"]
    kept = rows_of(ndrop("columns", "t.csv", "--use", "row", "--categorical", "w").stdout)
    assert kept["row"][0] == "number"
    assert kept["w"] == ["category", "2", "1", "feature"]


def test_rows_without_a_target(kinds):
    printed = ndrop("columns", "t.csv", "--target", "x").stdout
    assert printed.startswith("t.csv: 38 rows, 7 columns\n")
    assert "2 rows have no target in column 3 ('x') (row 5, 11): left out" in printed


def test_reading_of_the_target(kinds):
    lines = " ".join(ndrop("columns", "t.csv", "--target", "w").stdout.split())
    assert "target column 6 ('w'): 2 different whole numbers in 40 rows are read as classes" in lines
    assert "--task values reads values" in lines
    assert "--task" not in ndrop("columns", "t.csv", "--target", "w", "--task", "values").stdout


def test_json(kinds):
    printed = ndrop("columns", "t.csv", "--date", "day=%Y-%m-%d", "--json", "c.json").stdout
    assert "\njson   c.json\n" in printed
    columns = json.loads((kinds / "c.json").read_text())["columns"]
    assert [column["name"] for column in columns] == list(NAMES)
    assert [column["kind"] for column in columns] == [
        "index",
        "category",
        "number",
        "date",
        "constant",
        "number",
        "target",
    ]
    by_name = {column["name"]: column for column in columns}
    assert (by_name["x"]["missing"], by_name["x"]["low"], by_name["x"]["high"]) == (2, 0.0, 3.9)
    assert by_name["region"]["levels"] == 3
    assert by_name["day"]["pattern"] == "%Y-%m-%d"
    again = ndrop("columns", "t.csv", "--columns", "c.json").stdout
    assert rows_of(again).keys() == rows_of(printed).keys()
    assert [words[0] for words in rows_of(again).values()] == [
        {"index": "dropped"}.get(column["kind"], column["kind"]) for column in columns
    ]


def test_nothing_is_trained(kinds):
    before = contents(kinds)
    ndrop("columns", "t.csv")
    assert contents(kinds) == before


def test_refused_columns(kinds):
    """All refused columns are in one message, with the options that mend it, as `ndrop train` says them."""
    draws = random.Random(0)
    lines = ["name,ticket,cost,x,y"]
    for i in range(60):
        name, ticket = (f"{draws.choice('ABC')}{draws.randrange(10**6)} {i}" for _ in range(2))
        lines.append(f"{name},{ticket},{'1.847' if i % 2 else 646 + i},{i * 7 % 60 / 8},{'yes' if i % 3 else 'no'}")
    (kinds / "bad.csv").write_text("\n".join(lines) + "\n")
    result = invoke("columns", "bad.csv", "--json", "c.json")
    assert result.exit_code == 2
    rows = rows_of(result.stdout)
    assert [name for name, words in rows.items() if words[0] == "refused"] == ["name", "ticket", "cost"]
    assert "--drop name --drop ticket" in result.stderr
    assert "1.847 beside 646 has two readings" in result.stderr
    assert result.stderr.count("\n") == 1
    assert (kinds / "c.json").exists()
    assert refused("train", "bad.csv") == result.stderr.rstrip("\n")
    mended = ["--drop", "name", "--id", "ticket", "--thousands", ""]
    assert ndrop("columns", "bad.csv", *mended).exit_code == 0
    message = refused("train", "bad.csv", "--columns", "c.json")
    assert "name was refused as it is; change its kind to category, number, date (with a pattern), id or" in message


def test_long_names_and_many_levels(folder):
    long = "the mean of all the measurements that were made in the morning"
    rows = [f"{i * 7 % 50 / 4},level {i % 30},{'yes' if i % 3 else 'no'}" for i in range(50)]
    (folder / "t.csv").write_text("\n".join([f"{long},b,y", *rows]) + "\n")
    printed = ndrop("columns", "t.csv").stdout
    assert max(map(len, printed.splitlines())) <= 80
    assert "\nthe mean of all" in printed
    assert long not in printed
    assert " 21 features" in printed  # 20 levels of two rows, and the others together


def test_whole_ranges(folder):
    rows = [f"{1700000000 + i * 7 % 50},{i * 7 % 50 / 1e6},{'yes' if i % 3 else 'no'}" for i in range(50)]
    (folder / "t.csv").write_text("\n".join(["stamp,small,y", *rows]) + "\n")
    rows = rows_of(ndrop("columns", "t.csv").stdout)
    assert rows["stamp"][1:4] == ["1700000000", "to", "1700000049"]
    assert rows["small"][1:4] == ["0", "to", "4.9e-05"]


def test_table_without_names(folder):
    (folder / "t.csv").write_text("".join(f"{i * 7 % 30 / 4},{i % 3},{'no' if i % 2 else 'yes'}\n" for i in range(30)))
    printed = ndrop("columns", "t.csv", "--drop", "2", "--json", "c.json").stdout
    assert "column 1  number" in printed
    assert "column 2  dropped" in printed
    assert [column["name"] for column in json.loads((folder / "c.json").read_text())["columns"]] == [1, 2, 3]


def test_refused_arguments(kinds):
    assert "nowhere.csv: no such file" in refused("columns", "nowhere.csv")
    assert "there is no column 'z'" in refused("columns", "t.csv", "--target", "z")
    assert "no/c.json: the folder no does not exist" in refused("columns", "t.csv", "--json", "no/c.json")
    assert "already used in this run" in refused("columns", "t.csv", "--json", "t.csv")
    assert "as .csv; choose a name in .json" in refused("columns", "t.csv", "--json", "c.csv")
    (kinds / "c.json").write_text('{"columns": []}')
    assert "already used in this run" in refused("columns", "t.csv", "--columns", "c.json", "--json", "c.json")


@needs_tables
@pytest.mark.parametrize(
    ("name", "options", "kinds"),
    [
        ("index_sorted", [], ["index", "number", "number", "target"]),
        ("index_sorted", ["--use", "column 1"], ["number", "number", "number", "target"]),
        ("booleans", [], ["number", "category", "target"]),
        ("money", [], ["number", "target"]),
        ("german_thousands", ["--thousands", ".", "--decimal", ","], ["number", "target"]),
        ("constant_dup", [], None),
        ("timestamps", [], ["number", "target"]),
    ],
)
def test_shared_tables(folder, name, options, kinds):
    rows = rows_of(ndrop("columns", table(name), *options, "--json", "c.json").stdout)
    found = [column["kind"] for column in json.loads((folder / "c.json").read_text())["columns"]]
    assert found == kinds if kinds else "constant" in found
    assert len(rows) >= len(set(rows))


@needs_tables
def test_hitters(folder):
    printed = ndrop("columns", ISLP / "Hitters.csv", "--target", "Salary").stdout
    head, rest = printed.split("\n", 1)
    assert head.endswith("Hitters.csv: 263 rows, 20 columns")
    assert max(map(len, rest.splitlines())) <= 80
    rows = rows_of(printed)
    assert [name for name, words in rows.items() if words[0] == "category"] == ["League", "Division", "NewLeague"]
    assert sum(words[0] == "number" for words in rows.values()) == 16
    assert "59 rows have no target in column 19 ('Salary') (row 2, 17, 20, ...): left out" in printed


def test_a_table_that_becomes_no_features_is_refused_as_in_training(folder):
    (folder / "t.csv").write_text("a,y\n" + "1,u\n1,v\n" * 6)
    message = refused("columns", "t.csv")
    assert "expected at least one feature that varies" in message
    assert message == refused("train", "t.csv")


def test_a_name_of_two_lines_is_printed_on_one(folder):
    (folder / "t.csv").write_text('"a\nunit",y\n' + "1,u\n2,v\n" * 6)
    assert "\na unit  number" in ndrop("columns", "t.csv").stdout


def test_wide_ranges(folder):
    """Names, ranges of dates and what is left out fit in 80 columns."""
    rows = [f"r{i},20{10 + i}-01-01,{i * 1.5e9},c{i % 12},{i}.5" for i in range(24)]
    (folder / "t.csv").write_text("\n".join([",a_long_name_of_dates,population,city,y", *rows]) + "\n")
    printed = invoke("columns", "t.csv").stdout.split("\n\n")[1]
    assert max(map(len, printed.splitlines())) <= 80
    assert "names the" in printed


def test_one_row_and_one_column(folder):
    (folder / "t.csv").write_text("x\n1\n")
    assert "t.csv: 1 row, 1 column\n" in invoke("columns", "t.csv").stdout
