"""The evaluation that `ndrop train` prints at its end, and the options of the rows that it holds out."""

import json
import re

import numpy as np
import pytest
from commands import invoke, ndrop, refused
from shared_tables import ISLP, needs_tables, table

import numba_dropout as nd
from numba_dropout.data.splits import hold_out
from numba_dropout.experiments.job import part_of_split

NETWORK = ("--hidden", "4", "--epochs", "3", "--batch-size", "16", "--optimizer", "adam", "--lr", "0.01")
ROWS = 100

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def folder(folder):
    """Work in a folder with tables of two classes, one of them rare, and of prices, and with new rows of both."""
    draws = np.random.default_rng(7)
    for name, rows in (("t", ROWS), ("new", 40)):
        lines = ["x,z,group,day,y,price"]
        for i in range(rows):
            x, z = draws.standard_normal(2)
            day = f"2024-{1 + i * 5 % 12:02d}-{1 + i * 11 % 28:02d}"
            label, price = ("yes" if i % 10 == 0 else "no"), 1000 + 100 * (x + z) + draws.standard_normal()
            lines.append(f"{x:.4f},{z:.4f},g{i * 7 % 9},{day},{label},{price:.2f}")
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return folder


CLASSES = ("--target", "y", "--drop", "price", "--drop", "day", "--drop", "group")
PRICES = ("--target", "price", "--drop", "y", "--drop", "day", "--drop", "group")


def train(*options, source="t.csv"):
    return ndrop("train", source, *NETWORK, *options).stdout


def shown(printed, what):
    """Return the printed measures of held-out or test rows: each with that of the baseline, or None."""
    block = re.split(rf" {what} rows[^:]*:\n", printed)[1].split("\n\n")[0]
    lines = block.splitlines()
    start = next(i for i, line in enumerate(lines) if line.split()[:2] == ["network", "always"])
    measures = {}
    for line in lines[start + 1 :]:
        name, value, *more = line.split()
        if name == "positive-class":
            continue
        measures[name.replace("-", "_")] = float(value), float(more[0]) if more else None
    return measures


def evaluated(*arguments):
    return json.loads(ndrop("evaluate", "model.npz", *arguments, "--json").stdout)


def same(measures, expected):
    """Check that printed measures are those of `ndrop evaluate --json`."""
    numbers = {name: value for name, value in expected.items() if isinstance(value, int | float)}
    assert measures.keys() == numbers.keys()
    for name, value in numbers.items():
        assert measures[name][0] == pytest.approx(value, rel=1e-5), name


@pytest.mark.parametrize("choices", [CLASSES, PRICES])
def test_held_out_rows(choices):
    printed = train(*choices, "--val", "0.2")
    assert "t.csv: 80 rows, 20 held out, 2 features" in printed
    assert "\n20 held-out rows (they also chose the epoch):\n" in printed
    assert printed.endswith("next   ndrop evaluate model.npz t.csv --part val\n")
    same(shown(printed, "held-out"), evaluated("t.csv", "--part", "val"))
    assert evaluated("t.csv", "--part", "train")["rows"] == 80
    assert evaluated("t.csv")["rows"] == 100
    assert max(map(len, printed.splitlines())) <= 80


def test_baseline_of_classes():
    printed = train(*CLASSES, "--val", "0.2")
    measures = shown(printed, "held-out")
    assert measures["accuracy"][1] == 0.9  # stratified: 2 of 20 rows are yes
    assert measures["balanced_accuracy"][1] == 0.5
    assert measures["auc"][1] == 0.5
    assert "always 'no'" in printed
    assert ("no better than always predicting 'no'" in printed) == (measures["accuracy"][0] <= 0.9)


def test_baseline_of_values(folder):
    printed = train(*PRICES, "--val", "0.2")
    measures = shown(printed, "held-out")
    net = nd.MLP.load("model.npz")
    data = nd.data.load("t.csv", target="price", drop=["y", "day", "group"])
    rows, held_out = hold_out(data, 0.2, seed=0)
    errors = data.y[held_out] - data.y[rows].mean()
    assert measures["rmse"][1] == pytest.approx(np.sqrt((errors**2).mean()), rel=1e-5)
    assert measures["mae"][1] == pytest.approx(np.abs(errors).mean(), rel=1e-5)
    residuals = data.y[held_out] - net.predict(data.x[held_out]).reshape(-1, 1)
    assert measures["rmse"][0] == pytest.approx(np.sqrt((residuals**2).mean()), rel=1e-5)


def test_no_evaluation_without_new_rows():
    printed = train(*CLASSES)
    assert "rows:" not in printed
    assert "baseline" not in printed
    assert printed.endswith("next   ndrop evaluate model.npz t.csv\n")
    message = refused("evaluate", "model.npz", "t.csv", "--part", "val")
    assert "trained without held-out rows; evaluate it without --part" in message


def test_part_of_other_data():
    train(*CLASSES, "--val", "0.2")
    message = refused("evaluate", "model.npz", "new.csv", "--part", "val")
    assert "new.csv: these are not the 100 rows that the model was trained on" in message
    assert "evaluate it on all rows, without --part" in message


@pytest.mark.parametrize("choices", [CLASSES, PRICES])
@pytest.mark.parametrize("val", [[], ["--val", "0.2"]])
def test_test_file(choices, val):
    printed = train(*choices, "--test", "new.csv", *val)
    assert "\n40 test rows:\n" in printed
    assert "held-out rows:" not in printed
    same(shown(printed, "test"), evaluated("new.csv"))
    assert printed.endswith("next   ndrop evaluate model.npz new.csv\n")


def test_notes_on_the_test_file(folder):
    text = (folder / "new.csv").read_text().splitlines()
    (folder / "far.csv").write_text("\n".join([text[0], "99," + text[1].split(",", 1)[1], *text[2:]]) + "\n")
    printed = train(*CLASSES, "--test", "far.csv")
    assert re.search(r"x: 1 value far outside the training range[^:]*\n\n40 test rows:\n", printed)


def test_refused_test_files(folder):
    before = ["train", "t.csv", *NETWORK, *CLASSES]
    assert "nowhere.csv: no such file" in refused(*before, "--test", "nowhere.csv")
    (folder / "bare.csv").write_text("x,z\n1,2\n")
    assert "bare.csv: there is no column 'y', the model's target" in refused(*before, "--test", "bare.csv")
    (folder / "gaps.csv").write_text("x,z,y\n1,2,maybe\n")
    assert "gaps.csv: class 'maybe' at row 2 is not a class" in refused(*before, "--test", "gaps.csv")
    assert "already used in this run" in refused(*before, "--test", "new.csv", "--log", "new.csv")


def test_threshold():
    printed = train(*CLASSES, "--val", "0.3", "--threshold", "0.2", "--out", "fixed.npz")
    assert nd.MLP.load("fixed.npz").threshold == 0.2
    assert "threshold 0.2," not in printed
    for measure in ("f1", "balanced_accuracy"):
        printed = train(*CLASSES, "--val", "0.3", "--threshold", measure)
        net = nd.MLP.load("model.npz")
        assert f"threshold {net.threshold:.4g}, the best {measure} on the held-out rows\n" in printed
        best = evaluated("t.csv", "--part", "val")[measure]
        same(shown(printed, "held-out"), evaluated("t.csv", "--part", "val"))
        for threshold in ("0.1", "0.3", "0.5", "0.7"):
            train(*CLASSES, "--val", "0.3", "--threshold", threshold)
            other = evaluated("t.csv", "--part", "val")[measure]
            assert other != other or other <= best + 1e-12


def test_predictions_by_threshold():
    """Of two classes the second is predicted from the stored threshold on."""
    for threshold in (0.02, 0.2, 0.9):
        train(*CLASSES, "--threshold", str(threshold))
        lines = ndrop("predict", "model.npz", "new.csv", "--proba").stdout.split()
        assert lines[0] == "prediction,no,yes"
        for line in lines[1:]:
            label, _, yes = line.split(",")
            assert label == ("yes" if float(yes) >= threshold else "no")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--threshold", "f1"], "threshold: f1 is chosen on validation rows; set --val 0.2"),
        (["--threshold", "1.5"], "expected f1, balanced_accuracy, or a number between 0 and 1, got '1.5'"),
        (["--threshold", "accuracy"], "expected f1, balanced_accuracy, or a number"),
        (["--class-weight", "heavy"], "expected balanced, or a weight for each class such as yes=5,no=1, got 'heavy'"),
        (["--class-weight", "yes=x"], "expected balanced, or a weight for each class"),
        (["--class-weight", "maybe=5"], "class_weight: there is no class 'maybe'; the classes are no, yes"),
        (["--class-weight", "yes=-1"], "class_weight"),
        (["--group", "group"], "set their share with --val 0.2"),
        (["--time", "day"], "set their share with --val 0.2"),
        (["--group", "group", "--time", "day", "--val", "0.2"], "group, time: expected one of them, got both"),
        (["--group", "nowhere", "--val", "0.2"], "there is no column 'nowhere'"),
        (["--time", "y", "--val", "0.2"], "expected a number or a date at row 2, column 5 ('y'), got 'yes'"),
    ],
)
def test_refused_options(options, message):
    assert message in refused("train", "t.csv", *NETWORK, *CLASSES, *options)


def test_class_weight():
    """A weight of the rare class makes it more probable. Balanced is rows / (classes * rows of the class)."""
    shares = []
    for options in ([], ["--class-weight", "yes=9"], ["--class-weight", "balanced"]):
        train(*CLASSES, "--epochs", "20", *options)
        lines = ndrop("predict", "model.npz", "t.csv", "--proba").stdout.split()[1:]
        shares.append(np.mean([float(line.split(",")[2]) for line in lines]))
    assert shares[0] < 0.3 < shares[1]
    train(*CLASSES, "--epochs", "20", "--class-weight", f"yes={100 / 20},no={100 / 180!r}")
    lines = ndrop("predict", "model.npz", "t.csv", "--proba").stdout.split()[1:]
    assert np.mean([float(line.split(",")[2]) for line in lines]) == pytest.approx(shares[2], abs=1e-6)
    assert "class_weight: only valid for classes" in refused("train", "t.csv", *PRICES, "--class-weight", "balanced")


def split_of(source="t.csv"):
    """Return the texts of a column of the held-out rows and of the others, by the digest of the model's split."""
    net = nd.MLP.load("model.npz")
    return [part_of_split(net, source, part).table for part in ("val", "train")]


def test_group():
    printed = train("--target", "y", "--drop", "price", "--drop", "day", "--val", "0.2", "--group", "group")
    assert "2 features" in printed
    held_out, kept = split_of()
    groups = [set(part.texts(2)) for part in (held_out, kept)]
    assert not groups[0] & groups[1]
    assert len(groups[0] | groups[1]) == 9
    assert 10 <= len(held_out) <= 30
    same(shown(printed, "held-out"), evaluated("t.csv", "--part", "val"))


def test_time():
    printed = train("--target", "y", "--drop", "price", "--drop", "group", "--val", "0.2", "--time", "day")
    held_out, kept = split_of()
    assert len(held_out) == 20
    assert max(map(str, kept.columns[3].cells)) <= min(map(str, held_out.columns[3].cells))
    same(shown(printed, "held-out"), evaluated("t.csv", "--part", "val"))


def test_stratify():
    for options, even in (([], True), (["--no-stratify"], False)):
        counts = []
        for seed in range(6):
            train(*CLASSES, "--epochs", "1", "--val", "0.2", "--seed", seed, *options)
            counts.append(split_of()[0].texts(4).count("yes"))
        assert (set(counts) == {2}) == even


@pytest.mark.parametrize("command", ["compare", "tune"])
@pytest.mark.parametrize(
    "options",
    [["--group", "group"], ["--time", "day"], ["--no-stratify"], ["--class-weight", "balanced"]],
    ids=" ".join,
)
def test_held_out_rows_of_searches(command, options):
    choices = ["--target", "y", "--drop", "price", *(["--drop", "day"] * (options[0] != "--time"))]
    choices += ["--rates", "0.5", "--epochs", "2", "--batch-size", "16", "--jobs", "1", "--val", "0.2"]
    size = {"compare": ["--hidden", "4", "--repeats", "1"], "tune": ["--widths", "4"]}[command]
    expected = ndrop(command, "t.csv", *choices, *size).stdout
    printed = ndrop(command, "t.csv", *choices, *size, *options).stdout
    assert re.search(r"\b0\.\d{4}\b|\b[1-9]\.\d{4}\b", printed)
    assert printed != expected


def test_early_stopping():
    """Training with held-out rows stops where they stop improving, and restores the best weights."""
    options = ["--hidden", "8", "--dropout", "0", "--epochs", "400", "--batch-size", "8", "--optimizer", "adam"]
    printed = ndrop("train", "t.csv", *CLASSES, *options, "--lr", "0.05", "--val", "0.3").stdout
    assert "stopped after 100 epochs without a lower validation loss; --patience 0 goes on" in printed
    best = int(re.search(r"restored the weights of epoch (\d+), the best on the validation rows", printed)[1])
    assert best < 300
    all_epochs = ndrop("train", "t.csv", *CLASSES, *NETWORK, "--val", "0.3", "--patience", "0").stdout
    assert "restored" not in all_epochs


def test_width_of_the_screens(folder):
    for name in ("t.csv", "new.csv"):
        for choices in (CLASSES, PRICES, ("--target", "group"), ("--target", "y")):
            for command in (
                ["train", name, *NETWORK, *choices, "--val", "0.3"],
                ["evaluate", "model.npz", name],
                ["columns", name, *choices],
            ):
                result = ndrop(*command)
                assert max(map(len, result.output.splitlines())) <= 80, command


@needs_tables
def test_rare_class(folder):
    """Every held-out part has a rare row."""
    for seed in range(5):
        ndrop("train", table("rare_class"), *NETWORK, "--epochs", "1", "--val", "0.2", "--seed", seed)
        held_out, kept = split_of(table("rare_class"))
        for part in (held_out, kept):
            assert len(set(part.texts(part.width - 1))) == 2


@needs_tables
def test_guesses_and_warnings_are_printed(folder):
    """Notes and warnings of training are on stdout, and nothing is on stderr."""
    for name, words in (
        ("index_sorted", "counts the rows: left out; --use 'column 1' keeps it"),
        ("leak", "warning: column 2 ('y_copy') equals the target in every row; leave it out with --drop y_copy"),
        ("case", "warning: target column 2 ('y'): Yes, yes differ by capital letters only"),
        ("few_rows_prices", "12 different whole numbers in 12 rows are read as values; --task classes reads classes"),
        ("total", "1 row has no target in column 2 ('y') (row 5): left out"),
    ):
        result = invoke("train", table(name), *NETWORK)
        assert result.exit_code == 0
        assert words in " ".join(result.stdout.split()), name
        assert result.stderr == ""
        assert max(map(len, result.stdout.splitlines())) <= max(80, 40 + len(str(table(name))))


@needs_tables
def test_predictions_are_csv_only(folder):
    ndrop("train", table("few_rows_prices"), *NETWORK)
    result = ndrop("predict", "model.npz", table("d_new"))
    lines = result.stdout.splitlines()
    assert lines[0] == "prediction"
    assert len(lines) == len(table("d_new").read_text().split())
    assert all(float(line) > 0 for line in lines[1:])


@needs_tables
def test_hitters(folder):
    printed = ndrop("train", ISLP / "Hitters.csv", *NETWORK, "--target", "Salary", "--val", "0.2").stdout
    assert "Hitters.csv: 210 rows, 53 held out, 19 features, values" in " ".join(printed.split())  # of a long path
    assert "59 rows have no target in column 19 ('Salary') (row 2, 17, 20, ...): left out" in printed
    measures = shown(printed, "held-out")
    assert {"rows", "rmse", "mae", "r2", "log_likelihood", "loss"} == measures.keys()
    assert measures["rows"][0] == 53
