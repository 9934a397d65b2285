"""scikit-learn estimators: multilayer perceptrons with dropout, for pipelines and searches.

They need scikit-learn 1.6 or later: pip install 'numba-dropout[sklearn]'.
"""

try:
    import sklearn as _sklearn  # noqa: F401 - checked here for a clear message
except ImportError as error:
    raise ImportError(
        "numba_dropout.sklearn needs scikit-learn: pip install 'numba-dropout[sklearn]'", name="sklearn"
    ) from error

from .classifier import DropoutMLPClassifier
from .regressor import DropoutMLPRegressor

__all__ = ["DropoutMLPClassifier", "DropoutMLPRegressor"]
