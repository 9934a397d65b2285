"""Public names, their docstrings, and documented paths of import."""

import inspect

import numpy as np
import pytest
from processes import run

import numba_dropout as nd
from numba_dropout.kernels import cpu

PUBLIC = [
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "Callback",
    "Checkpoint",
    "MaskGenerator",
    "alpha_dropout",
    "alpha_dropout_backward",
    "concrete_dropout",
    "concrete_dropout_backward",
    "data",
    "drop_block2d",
    "drop_block2d_backward",
    "dropconnect",
    "dropconnect_backward",
    "dropout",
    "dropout1d",
    "dropout1d_backward",
    "dropout2d",
    "dropout2d_backward",
    "dropout3d",
    "dropout3d_backward",
    "dropout_backward",
    "evaluate",
    "feature_alpha_dropout",
    "feature_alpha_dropout_backward",
    "fit",
    "gaussian_dropout",
    "gaussian_dropout_backward",
    "gaussian_noise",
    "gaussian_noise_backward",
    "layers",
    "linear",
    "linear_backward",
    "linear_dropout",
    "linear_dropout_backward",
    "linear_relu_dropout",
    "linear_relu_dropout_backward",
    "relu",
    "relu_backward",
    "sample_mask",
    "stochastic_depth",
    "stochastic_depth_backward",
    "train",
]


def test_public_names():
    assert nd.__all__ == PUBLIC
    assert all(hasattr(nd, name) for name in PUBLIC)


def test_docstrings():
    for name in PUBLIC:
        public_object = getattr(nd, name)
        assert inspect.getdoc(public_object), name
        for method, value in vars(public_object).items() if inspect.isclass(public_object) else ():
            assert method.startswith("_") or not callable(value) or inspect.getdoc(value), f"{name}.{method}"


# Modules and names that the pages of version 0.1 and its docstrings show.
DOCUMENTED = [
    "numba_dropout.callbacks.Callback",
    "numba_dropout.callbacks.TensorBoard",
    "numba_dropout.data.Dataset",
    "numba_dropout.data.load",
    "numba_dropout.data.load_for",
    "numba_dropout.data.split",
    "numba_dropout.formats.onnx.export",
    "numba_dropout.formats.sequential.modules",
    "numba_dropout.formats.sequential.names",
    "numba_dropout.kernels.cpu.dropout_forward",
    "numba_dropout.layers.Dropout",
    "numba_dropout.loop.History",
    "numba_dropout.monte_carlo.MonteCarlo",
    "numba_dropout.optim.Optimizer",
    "numba_dropout.reference.sample_mask",
    "numba_dropout.train.Diverged",
]


@pytest.mark.parametrize("path", DOCUMENTED)
def test_documented_paths(path):
    """Import each in a separate process, without modules of other imports."""
    module, _, name = path.rpartition(".")
    assert run(f"from {module} import {name}; print({name}.__name__)") == name


def test_renamed_methods():
    net = nd.MLP([2, 3, 2], seed=1)
    x, y = np.ones((4, 2), np.float32), np.zeros(4, int)
    with pytest.warns(DeprecationWarning, match="loss_of is now called evaluate_loss"):
        assert net.loss_of(x, y) == net.evaluate_loss(x, y)
    with pytest.warns(DeprecationWarning, match="answers is now called predictive"):
        assert np.array_equal(net.answers(net.outputs(x)), net.predict_proba(x))
    with pytest.warns(DeprecationWarning, match="sample_answers is now called sample_predictive"):
        older = list(net.sample_answers(x, 2))
    assert np.array_equal(older, list(net.sample_predictive(x, 2)))
    with pytest.raises(AttributeError, match="'MLP' object has no attribute 'loss_off'"):
        net.loss_off(x, y)


def test_renamed_method_of_optimizers():
    optimizer = nd.Adam(0.01)
    with pytest.warns(DeprecationWarning, match="settings is now called hyperparameters"):
        assert np.array_equal(optimizer.settings(3, np.float32), optimizer.hyperparameters(3, np.float32))
    assert "settings" not in optimizer.choices()


@pytest.mark.parametrize(
    ("module", "name", "new"),
    [
        (cpu, "affine_dropout", "alpha_dropout_forward"),
        (cpu, "apply_mask", "masked_dropout_forward"),
        (cpu, "apply_mask_rates", "masked_dropout_rates_forward"),
        (cpu, "apply_packed_mask", "masked_dropout_packed_forward"),
        (cpu, "batch_totals", "batch_sums"),
        (cpu, "concrete_settings", "concrete_hyperparameters"),
        (cpu, "sub_network_adam", "subnetwork_adam"),
        (cpu, "sub_network_sgd", "subnetwork_sgd"),
        (nd.data, "some", "subset"),
    ],
)
def test_functions_of_older_names(module, name, new):
    with pytest.warns(DeprecationWarning, match=f"{name} is now called {new}"):
        assert getattr(module, name) is getattr(module, new)
    with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'none'"):
        module.none  # noqa: B018
