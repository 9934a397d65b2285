"""The built-in sets, of 1,000 rows and 20 features, drawn from the generator of the masks."""

from __future__ import annotations

import numpy as np

from ..arrays import random
from .dataset import Dataset

__all__ = ["BUILT_IN", "noisy", "pipeline"]

ROWS, FEATURES, CLASSES = 1000, 20, 3
SPREAD = 1.25  # half the range of the classes' centres; with input dropout 0.3 about 0.87 can be had
SCATTER = 2.0  # half the range of a row around its centre
TELLING = 3  # features of `noisy` that say anything of the class


def pipeline() -> Dataset:
    """Return a set on which a small network climbs from chance to about 0.85 in five epochs under input dropout.

    The classes take turns; each has a centre, uniform in a cube, and its rows scatter uniformly around it. The same
    bits on every machine.
    """
    centres = random.uniform(np.empty((CLASSES, FEATURES)), -SPREAD, SPREAD, "synthetic data", seed=0, site=0)
    scatter = random.uniform(np.empty((ROWS, FEATURES)), -SCATTER, SCATTER, "synthetic data", seed=0, site=1)
    y = np.arange(ROWS) % CLASSES
    return Dataset("pipeline", centres[y] + scatter, y.astype(np.int64), classes=[0, 1, 2])


def noisy() -> Dataset:
    """Return a set that a network learns by heart where it sees few of its rows.

    Of two classes, which are the sign of the sum of three features and of noise as wide as one of them; the other
    features say nothing.
    """
    x = random.uniform(np.empty((ROWS, FEATURES)), -1.0, 1.0, "synthetic data", seed=0, site=2)
    noise = random.uniform(np.empty(ROWS), -1.0, 1.0, "synthetic data", seed=0, site=3)
    y = (x[:, :TELLING].sum(1) + noise > 0).astype(np.int64)
    return Dataset("noisy", x, y, classes=[0, 1])


BUILT_IN = {"pipeline": pipeline, "noisy": noisy}
