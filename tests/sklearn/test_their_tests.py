"""scikit-learn's tests of its MLP, on our estimators without dropout."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn 1.6 is not installed")

THEIRS = "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"
OURS = """from functools import partial
from numba_dropout.sklearn import DropoutMLPClassifier, DropoutMLPRegressor
MLPClassifier, MLPRegressor = partial(DropoutMLPClassifier, dropout=0), partial(DropoutMLPRegressor, dropout=0)
"""
FIXTURES = """import pytest
@pytest.fixture
def global_random_seed():
    return 0
"""

PRIVATE = "sets or reads private attributes of MLPClassifier"
NAME = "the message names the class as scikit-learn encodes it, ours as y has it"
DRAW = "a bound that holds for scikit-learn's initial weights of this seed"

# Tests that fail on our estimators, each with its reason, and the change of its text with which it passes. In a version
# of scikit-learn whose test lacks the text to change, it passes as it is.
FAILING = {
    "test_fit": (PRIVATE, None),
    "test_gradient": (PRIVATE, None),
    "test_learning_rate_warmstart": (PRIVATE, ("_optimizer.learning_rate", "_optimizer.lr")),
    "test_adaptive_learning_rate": (PRIVATE, ("_optimizer.learning_rate", "_optimizer.lr")),
    "test_early_stopping_stratified": (NAME, ("'True'", "1")),
    "test_alpha": (DRAW, ("random_state=1", "random_state=2")),
    "test_lbfgs_regression_maxfun": (DRAW, ("random_state=1", "random_state=2")),
    "test_partial_fit_regression": (DRAW, None),
}


def results(source, folder):
    """Return the tests of a source that pass and those that fail, and the output, from a process of its own."""
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(FIXTURES)
    (folder / "test_mlp.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", "--junitxml=results.xml"]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert process.returncode in (0, 1), process.stdout + process.stderr
    cases = list(ElementTree.parse(folder / "results.xml").iter("testcase"))
    broken = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    names, failures = ({case.get("name").partition("[")[0] for case in some} for some in (cases, broken))
    return names - failures, failures, process.stdout


def function(source, name):
    """Return the text of a test, with its decorators."""
    return re.search(rf"(?m)^(@.*\n)*def {name}\([^\n]*\n(?:(?:[ )].*)?\n)*", source)[0]


@pytest.mark.full
@pytest.mark.jit_only
def test_their_tests(tmp_path):
    spec = find_spec("sklearn.neural_network.tests.test_mlp")
    if spec is None:
        pytest.skip("this scikit-learn is installed without its tests")
    source = Path(spec.origin).read_text()
    assert source.count(THEIRS) == 1
    texts = {name: function(source, name) for name in FAILING}
    known = {name for name, (_, change) in FAILING.items() if change is None or change[0] in texts[name]}
    source = source.replace(THEIRS, OURS)
    passing, failing, report = results(source, tmp_path / "unchanged")
    assert failing == known, report
    assert len(passing) > 30
    first = source[: source.index("\ndef test_")]
    changed = {name: texts[name].replace(*FAILING[name][1]) for name in known if FAILING[name][1] is not None}
    passing, failing, report = results("\n\n".join([first, *changed.values()]), tmp_path / "changed")
    assert passing == set(changed), report
