"""scikit-learn estimators: multilayer perceptrons with dropout, for pipelines and searches.

They require scikit-learn 1.6 or later: pip install scikit-learn (or the extra [sklearn]).
"""

from ..core.errors import missing

try:
    import sklearn as _sklearn  # noqa: F401 - checked here for a clear message
except ImportError as error:
    raise ImportError(
        missing("numba_dropout.sklearn requires scikit-learn", "scikit-learn", "sklearn"), name="sklearn"
    ) from error

from .classifier import DropoutMLPClassifier
from .regressor import DropoutMLPRegressor

__all__ = ["DropoutMLPClassifier", "DropoutMLPRegressor"]
