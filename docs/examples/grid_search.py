"""scikit-learn's GridSearchCV over rates and widths, on all cores, and calibration of the best classifier.

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
    """Search with many workers and with one, and calibrate the best classifier."""
    x, y = load_wine(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, stratify=y, random_state=0)
    model = make_pipeline(StandardScaler(), DropoutMLPClassifier(max_iter=100, random_state=0))
    grid = {
        "dropoutmlpclassifier__dropout": [0.0, 0.2, 0.5],
        "dropoutmlpclassifier__hidden_layer_sizes": [(32,), (64, 64)],
    }
    search = GridSearchCV(model, grid, cv=3, n_jobs=-1).fit(x_train, y_train)
    serial = GridSearchCV(model, grid, cv=3).fit(x_train, y_train)
    scores = [result.cv_results_["mean_test_score"].tolist() for result in (search, serial)]
    print("the same scores with any number of workers:       ", scores[0] == scores[1])
    print("accuracy of the best on the test set above 0.9:   ", search.score(x_test, y_test) > 0.9)
    calibrated = CalibratedClassifierCV(search.best_estimator_, cv=3).fit(x_train, y_train)
    print("accuracy of the calibrated classifier above 0.9:  ", calibrated.score(x_test, y_test) > 0.9)


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)  # in this process; workers print their own
    main()
