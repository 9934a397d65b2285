"""scikit-learn's GridSearchCV over rates and widths, on all cores, and a calibrated classifier of the best.

python docs/examples/grid_search.py
"""

import warnings

from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from numba_dropout.sklearn import DropoutMLPClassifier


def main():
    """Search, and say what was found."""
    x, y = load_wine(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, stratify=y, random_state=0)
    model = make_pipeline(StandardScaler(), DropoutMLPClassifier(max_iter=100, random_state=0))
    grid = {
        "dropoutmlpclassifier__dropout": [0.0, 0.2, 0.5],
        "dropoutmlpclassifier__hidden_layer_sizes": [(32,), (64, 64)],
    }
    search = GridSearchCV(model, grid, cv=3, n_jobs=-1).fit(x_train, y_train)
    alone = GridSearchCV(model, grid, cv=3).fit(x_train, y_train)
    scores = [found.cv_results_["mean_test_score"].tolist() for found in (search, alone)]
    print("as many workers as cores, or one: the same scores:", scores[0] == scores[1])
    print("the best is right about what it has not seen:     ", search.score(x_test, y_test) > 0.9)
    calibrated = CalibratedClassifierCV(search.best_estimator_, cv=3).fit(x_train, y_train)
    print("calibrated, too:                                  ", calibrated.score(x_test, y_test) > 0.9)


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)  # here; workers say it for themselves
    main()
