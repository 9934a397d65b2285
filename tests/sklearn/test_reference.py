"""The reference of the estimators: docstrings that have each parameter, and its default."""

import inspect
import re

import pytest
from estimators import classifier, regressor

from numba_dropout.sklearn import DropoutMLPClassifier, DropoutMLPRegressor

ESTIMATORS = [DropoutMLPClassifier, DropoutMLPRegressor]


def section(estimator, title, after):
    """Return the text of a section of the docstring of a class."""
    return re.search(rf"{title}\n-+\n(.*?)\n\n{after}", inspect.getdoc(estimator), re.DOTALL)[1]


def entries(estimator):
    """Return the entries of the parameters of a class, by name."""
    text = section(estimator, "Parameters", "Attributes")
    return dict(re.findall(r"^(\w+) : (.*(?:\n    .*)+)", text, re.MULTILINE))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_parameters(estimator):
    """The docstring has all parameters with their defaults, in the order of the signature but for some."""
    signature = inspect.signature(estimator).parameters
    assert set(entries(estimator)) == set(estimator().get_params())
    for name, entry in entries(estimator).items():
        kind, default = entry.partition("\n")[0], signature[name].default
        if kind.endswith(", optional"):
            assert default is None
        else:
            assert eval(re.search(r"default=(.*)$", kind)[1], {"inf": float("inf")}) == default, name


def test_common_parameters_are_documented_alike():
    ours, theirs = map(entries, ESTIMATORS)
    assert {name: ours[name] for name in ours if name in theirs} == {n: theirs[n] for n in theirs if n != "loss"}
    assert ours.keys() - theirs.keys() == {"class_weight"}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("make", [classifier, regressor])
def test_attributes(make, iris):
    """The docstring has all public attributes of a fitted estimator."""
    x, y = iris
    estimator = make(early_stopping=True).fit(x, y)
    found = {name for name in dir(estimator) if name.endswith("_") and not name.startswith("_")}
    text = section(type(estimator), "Attributes", "Examples")
    documented = {name for names in re.findall(r"^(\w.*) :", text, re.MULTILINE) for name in names.split(", ")}
    assert documented - {"feature_names_in_"} == found


def test_methods_are_documented():
    for estimator in ESTIMATORS:
        public = {name: member for name, member in inspect.getmembers(estimator) if not name.startswith("_")}
        assert [name for name, member in public.items() if callable(member) and not inspect.getdoc(member)] == []
