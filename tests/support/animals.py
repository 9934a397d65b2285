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


def model(features=2, classes=None, names=None, target=None, column=None, dataset=None):
    """Return an object with the attributes of a network that data are loaded for.

    With a data set, what was learnt of it. Without one, a network of version 0.1, which has no encoder.
    """
    about = SimpleNamespace(classes=classes, features=names, target=target, target_column=column, target_names=None)
    about.encoder = about.options = None
    about = about if dataset is None else dataset
    names = ("classes", "features", "target", "target_column", "target_names", "encoder")
    return SimpleNamespace(
        sizes=[features if dataset is None else dataset.x.shape[1], 3],
        loss="cross_entropy" if about.classes else "mse",
        predicts_values=not about.classes,
        table_options=None if about.options is None else about.options.to_dict(),
        **{name: getattr(about, name) for name in names},
    )
