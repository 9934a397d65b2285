"""`verbose`: lines, and a bar on a terminal, in a file and in a notebook."""

import contextlib
import io
import os
import re
import subprocess
import sys

import pytest
from estimators import classifier, regressor

from numba_dropout.sklearn import progress

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LAST = r"epoch \[[#-]{24}\] (\d+)/(\d+)  0:\d\d  loss [\d.e-]+"


class Terminal(io.StringIO):
    """A terminal on which each epoch is drawn."""

    def isatty(self):
        return True

    def states(self):
        """Return the states of the bar, without padding."""
        first, *states = self.getvalue().split("\r")
        assert first == ""
        return [state.rstrip(" ") for state in states]


@pytest.fixture
def terminal(monkeypatch):
    """Make stderr a terminal of 80 columns."""
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


def test_lines(iris, capsys):
    for options in ({}, {"solver": "lbfgs", "dropout": 0}):
        classifier(verbose=1, **options).fit(*iris)
        output = capsys.readouterr()
        lines = re.findall(r"^Iteration (\d), loss = \d\.\d{8}$", output.out, re.MULTILINE)
        assert lines == ["1", "2", "3"]
        assert output.err == ""
        classifier(**options).fit(*iris)
        assert "".join(capsys.readouterr()) == ""


@pytest.mark.parametrize("options", [{}, {"early_stopping": True}, {"solver": "lbfgs", "dropout": 0}])
def test_a_bar_on_a_terminal(options, iris, capsys, terminal):
    with contextlib.redirect_stderr(terminal):
        classifier(verbose=2, **options).fit(*iris)
    assert "".join(capsys.readouterr()) == ""
    states = terminal.states()
    assert [re.match(r"epoch \[[#-]{24}\] (\d)/3", state)[1] for state in states] == ["0", "1", "2", "3", "3"]
    assert all(len(state.rstrip("\n")) < 80 for state in states)
    score = r"  score [\d.]+" if "early_stopping" in options else ""
    assert re.fullmatch(LAST + score + r" *\n", states[-1])
    assert "#" * 24 in states[-1]


def test_a_narrow_terminal(iris, terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    with contextlib.redirect_stderr(terminal):
        classifier(verbose=2).fit(*iris)
    assert {len(state.rstrip("\n")) for state in terminal.states()} == {29}


def test_the_last_state_in_a_file(iris, capsys):
    regressor(verbose=3).fit(iris[0], iris[0][:, 0])
    output = capsys.readouterr()
    assert output.out == ""
    assert re.fullmatch(LAST + "\n", output.err)
    assert output.err.startswith("epoch [########################] 3/3 ")


def test_ends_without_a_bar(iris, capsys):
    """A fit that ends early leaves the state at which it ended."""

    class Broken(progress.Callback):
        def on_epoch_end(self, record):
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        classifier(verbose=2, callbacks=[Broken()]).fit(*iris)
    assert capsys.readouterr().err.startswith("epoch [########----------------] 1/3 ")
    with pytest.raises(ValueError, match="max_norm"):
        classifier(verbose=2, solver="lbfgs", dropout=0, max_norm=1.0).fit(*iris)
    assert capsys.readouterr().err == ""


def test_a_bar_in_a_notebook(tmp_path):
    """The bar is one display, updated in place, with HTML for notebooks and text for others."""
    for library in ("nbclient", "ipykernel"):
        pytest.importorskip(library, reason=f"{library} is not installed")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    code = """import warnings
warnings.simplefilter("ignore")
from sklearn.datasets import load_iris
from numba_dropout.sklearn import DropoutMLPClassifier
DropoutMLPClassifier(8, max_iter=3, verbose=2, random_state=0).fit(*load_iris(return_X_y=True)).n_iter_"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbformat.write(notebook, tmp_path / "bar.ipynb")
    script = (
        "import nbclient, nbformat; notebook = nbformat.read('bar.ipynb', as_version=4); "
        "nbclient.NotebookClient(notebook, timeout=300).execute(); nbformat.write(notebook, 'bar.ipynb')"
    )
    environment = {**os.environ, "JUPYTER_PLATFORM_DIRS": "1"}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True, capture_output=True)
    outputs = nbformat.read(tmp_path / "bar.ipynb", as_version=4).cells[0].outputs
    assert [output.output_type for output in outputs] == ["display_data", "execute_result"]
    data = outputs[0].data
    assert re.fullmatch(LAST, data["text/plain"])
    assert '<progress value="3" max="3"' in data["text/html"]
    assert "epoch 3/3" in data["text/html"]
    assert outputs[1].data["text/plain"] == "3"
