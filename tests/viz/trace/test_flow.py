"""Stages of a forward pass, against the passes of the network."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.nn.variants import KINDS, PER_UNIT
from numba_dropout.viz import trace
from numba_dropout.viz.trace import examples

VARIANTS = {
    "dropout": {"dropout": (0.5, 0.3), "input_dropout": 0.2},
    "none": {"dropout": 0.0},
    "rates": {"dropout": ([0.5] * 6, 0.3), "input_dropout": [0.1, 0.9]},
    "subnetwork": {"dropout": (0.5, 0.3), "input_dropout": 0.2, "variant": "subnetwork"},
    "gaussian": {"dropout": (0.5, 0.3), "input_dropout": 0.2, "variant": "gaussian"},
    "dropconnect": {"dropout": (0.5, 0.3), "input_dropout": 0.2, "variant": "dropconnect"},
    "alpha": {"dropout": (0.5, 0.3), "input_dropout": 0.2, "variant": "alpha", "activation": "selu"},
    "concrete": {"dropout": (0.5, 0.3), "input_dropout": 0.2, "variant": "concrete"},
}


@pytest.mark.jit_only
@pytest.mark.parametrize("variant", [pytest.param(name, marks=pytest.mark.full) for name in VARIANTS] + ["dropout"])
def test_variants(variant, rng):
    """The last stages are the outputs of the network in both modes, and the text has a note on each dropout."""
    net = nd.MLP([2, 6, 5, 3], seed=7, dtype="float64", **VARIANTS[variant])
    x = rng.standard_normal((9, 2))
    net.scale_input(0.3, 2.0)
    net.step = 5
    traced = examples.trace_row(net, x, 4, "x")
    offset = {} if variant == "subnetwork" else {"row_offset": 4}
    out = net.forward(x[4:5], training=True, **offset)
    np.testing.assert_allclose(traced.training[-2].values, out, rtol=1e-12)
    np.testing.assert_allclose(traced.training[-1].values, net.predictive(out), rtol=1e-12)
    np.testing.assert_allclose(traced.evaluation[-2].values, net.forward(x[4:5]), rtol=1e-12)
    names = [stage.name for stage in traced.training]
    assert names == [*(name for name, _ in net.stages()), "softmax"]
    assert bool(traced.questions) == any(stage.kept is not None for stage in traced.training)
    dropouts = [stage for stage in traced.training if stage.site is not None]
    shown = " ".join(trace.written(traced).split())  # joins the lines
    assert all(stage.note.startswith(f"{stage.name}: ") and stage.note in shown for stage in dropouts)
    assert "row 4 after" in trace.written(traced)


def test_all_variants():
    """A variant that the stages do not know would be shown as dropout."""
    assert {choices.get("variant", "dropout") for choices in VARIANTS.values()} == set(KINDS) - {PER_UNIT}


def test_learned_rate_of_1():
    net = nd.MLP([2, 3, 2], variant="concrete", dropout=0.2)
    net.load_state_dict({**net.state_dict(), "1.logit": [40.0]})
    out = net.forward(np.ones((1, 2)), training=True)
    traced = examples.trace_row(net, np.ones((1, 2)), 0, "x")
    np.testing.assert_allclose(traced.training[-2].values, out, rtol=1e-5, atol=1e-6)
