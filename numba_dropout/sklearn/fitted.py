"""What fitted estimators have: weights that can be read and set, the input of predictions, pickles and tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from ..arrays.sparse import check_source
from ..core.access import access_of
from ..nn.mlp import MLP
from .frame_encoder import FrameEncoder
from .joblib_threads import limit_threads
from .parameters import Parameters

__all__ = ["DTYPES", "MC_SAMPLES", "SPARSE", "Fitted"]

DTYPES = {  # dtypes of X that stay as they are, by the network's. The first replaces all others
    "float32": [np.float32, np.uint8],
    "float64": [np.float64, np.float32, np.uint8],
}
SPARSE = ("csr",)  # other sparse formats are converted
MC_SAMPLES = 100  # default of `mc_samples` for predictions with a standard deviation


class Fitted(Parameters):
    """The attributes of a fitted estimator, and what its predictions share."""

    network_: MLP
    _frame_encoder: FrameEncoder | None = None  # of fits on data frames that need one
    _dtype: str = "float32"  # of the network

    @property
    def coefs_(self) -> list[NDArray[Any]]:
        """Weights (inputs, units) of each layer, as in scikit-learn's MLP. They can be set after a fit."""
        return Layers([value.T for value in self._parameters("weight")], self, "coefs_")

    @coefs_.setter
    def coefs_(self, values: Sequence[Any]) -> None:
        self._set_parameters("weight", [np.transpose(value) for value in values])

    @property
    def intercepts_(self) -> list[NDArray[Any]]:
        """Biases (units,) of each layer. They can be set after a fit."""
        return Layers(self._parameters("bias"), self, "intercepts_")

    @intercepts_.setter
    def intercepts_(self, values: Sequence[Any]) -> None:
        self._set_parameters("bias", [np.asarray(value) for value in values])

    def _parameters(self, kind: str) -> list[NDArray[Any]]:
        check_is_fitted(self, "network_")
        with access_of(self).reading("coefs_, intercepts_"):
            return [value for name, value in self.network_.weights().items() if name.endswith(f".{kind}")]

    def _set_parameters(self, kind: str, values: list[NDArray[Any]]) -> None:
        """Set the weights (units, inputs) or the biases (units,) of all layers. Raise ValueError for other shapes."""
        shapes = [value.shape for value in self._parameters(kind)]
        if [value.shape for value in values] != shapes:
            name, step = ("coefs_", -1) if kind == "weight" else ("intercepts_", 1)
            expected, found = ([shape[::step] for shape in each] for each in (shapes, [v.shape for v in values]))
            raise ValueError(f"{name}: expected arrays of the shapes {expected}, got {found}")
        state = {f"{layer}.{kind}": np.asarray(value, np.float64) for layer, value in enumerate(values)}
        with access_of(self).changing("coefs_, intercepts_"):
            self.network_.load_state_dict({**self.network_.weights(), **state})

    def _validated_x(self, X: Any) -> Any:
        """Return the validated X to predict from."""
        check_is_fitted(self, "network_")
        check_source(X)
        if self._frame_encoder is None:
            return validate_data(self, X, accept_sparse=SPARSE, dtype=DTYPES[self._dtype], reset=False)
        validate_data(self, X, reset=False, skip_check_array=True)
        return self._frame_encoder.transform(X)

    def _sample(self, X: Any) -> Any:
        """Return mean and standard deviation over samples of the dropout masks, for X from `_validated_x`."""
        with limit_threads():
            return self.network_.predict_mc(X, self.mc_samples or MC_SAMPLES)

    def _in_dtype(self, values: NDArray[np.float64]) -> NDArray[Any]:
        """Return predictions in the network's dtype."""
        return values.astype(self.network_.dtype, copy=False)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to pickle or copy. Raise RuntimeError while another thread fits the estimator."""
        with access_of(self).reading("copy"):
            return super().__getstate__()

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags, with support for sparse X, and for missing values in data frames."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.categorical_features is not None
        return tags


class Layers(list[NDArray[Any]]):
    """The weights or biases of all layers of an estimator: `coefs_[0] = values` sets those of a layer."""

    def __init__(self, values: Sequence[NDArray[Any]], estimator: Fitted, name: str) -> None:
        super().__init__(values)
        self._estimator, self._name = estimator, name

    def __setitem__(self, index: Any, value: Any) -> None:
        values: list[Any] = [*self]
        values[index] = value
        setattr(self._estimator, self._name, values)
        super().__setitem__(slice(None), getattr(self._estimator, self._name))

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what copies are made from: they are plain lists."""
        return list, ([*self],)
