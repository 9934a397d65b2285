"""Plots: a comparison of rates."""

import pytest

from numba_dropout.experiments.compare import Comparison
from numba_dropout.experiments.trial import Trial, TrialResult
from numba_dropout.viz import plots

METRICS = {  # by rate and seed
    (0.0, 0): (0.1, 1.0, 0.5, 0.8),
    (0.0, 1): (0.3, 1.0, 0.7, 0.9),
    (0.5, 0): (0.3, 0.9, 0.25, 0.9),
    (0.5, 1): (0.5, 0.9, 0.35, 0.9),
}
RUNS = [
    TrialResult(Trial(number, {"dropout": rate, "seed": seed}), 0, 0, *metrics)
    for number, ((rate, seed), metrics) in enumerate(METRICS.items())
]


@pytest.mark.parametrize("classes", [True, False])
def test_rates(classes, tmp_path, monkeypatch):
    comparison = Comparison("2-3-2", "cross_entropy" if classes else "mse", 0.0, 10, 5, RUNS)
    drawn = []
    keep = plots._spread
    monkeypatch.setattr(
        plots, "_spread", lambda axes, *arguments: (keep(axes, *arguments), drawn.append((axes, arguments[1])))[0]
    )
    plots.rates(comparison, tmp_path / "rates.png")
    assert (tmp_path / "rates.png").read_bytes().startswith(b"\x89PNG")
    assert [name for _, name in drawn] == ["train_loss", "val_loss"] + ["val_error"] * classes
    for axes, name in drawn:
        lines = [line for bar in axes.containers for line in [bar.lines[0]]]
        shown = [line.get_ydata().tolist() for line in lines]
        assert [comparison.mean(name, rate) for rate in comparison.rates] in shown
