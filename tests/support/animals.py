"""A table of animals: two features and the kind, as numbers, as text, and for a model."""

from types import SimpleNamespace

import numpy as np

ROWS = [(1.5, -2.0, "cat"), (2.5, 3e-3, "dog"), (-4.0, 0.25, "cat"), (0.0, 7.0, "emu")]
X = np.array([row[:2] for row in ROWS])
CLASSES = ["cat", "dog", "emu"]
LABELS = [0, 1, 0, 2]


def text(delimiter=",", header=True, end="\n"):
    """Return the table as delimited text."""
    lines = [("length", "width", "kind")] * header + ROWS
    return "".join(delimiter.join(map(str, line)) + end for line in lines)


def model(features=2, classes=None, names=None, target=None, column=None):
    """Return an object with the attributes of a network that data are loaded for."""
    loss = "cross_entropy" if classes else "mse"
    return SimpleNamespace(
        sizes=[features, 3], loss=loss, classes=classes, features=names, target=target, target_column=column
    )
