"""Monte-Carlo dropout: mean, spread and entropy over samples of the masks (Gal & Ghahramani, ICML 2016)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MonteCarlo", "of_classes", "of_values"]


@dataclass(frozen=True)
class MonteCarlo:
    """Statistics of predictions over samples of the dropout masks, accumulated in float64.

    Attributes
    ----------
    mean : array (rows, classes or outputs)
        Mean probabilities, or mean values.
    std : array of the same shape
        Standard deviation over the samples (divided by their number).
    entropy : array (rows,) or None
        Classes only: predictive entropy, that of the mean probabilities, in nats.
    mutual_information : array (rows,) or None
        Classes only: mutual information of prediction and weights, in nats: `entropy` minus the mean entropy of the
        samples. More training data can reduce it (Houlsby et al., 2011).
    samples : int
        Number of samples.

    Examples
    --------
    >>> net = nd.MLP([2, 8, 3], dropout=0.5)
    >>> result = net.predict_mc(np.ones((4, 2)), samples=10)
    >>> result.mean.shape, result.entropy.shape, result.samples
    ((4, 3), (4,), 10)
    """

    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    entropy: NDArray[np.float64] | None
    mutual_information: NDArray[np.float64] | None
    samples: int

    @property
    def variance(self) -> NDArray[np.float64]:
        """Variance over the samples."""
        return self.std**2


def of_values(samples: Iterable[NDArray[np.float64]]) -> MonteCarlo:
    """Return the statistics of samples of values (rows, outputs)."""
    mean, std, _, count = _moments(samples, lambda values: np.zeros(len(values)))
    return MonteCarlo(mean, std, None, None, count)


def of_classes(samples: Iterable[NDArray[np.float64]], *, independent: bool) -> MonteCarlo:
    """Return the statistics of samples of probabilities (rows, classes). Independent outputs add their entropies."""
    entropy_of = _binary_entropy if independent else _entropy
    mean, std, mean_entropy, count = _moments(samples, entropy_of)
    entropy = entropy_of(mean)
    return MonteCarlo(mean, std, entropy, np.maximum(entropy - mean_entropy, 0.0), count)


def _moments(
    samples: Iterable[NDArray[np.float64]], entropy: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], int]:
    """Return the mean, standard deviation, mean entropy and number of samples (Welford, 1962)."""
    count = 0
    mean = squares = entropies = np.zeros(1)
    for count, sample in enumerate(samples, 1):
        if count == 1:
            mean, squares, entropies = np.zeros(sample.shape), np.zeros(sample.shape), np.zeros(len(sample))
        difference = sample - mean
        mean += difference / count
        squares += difference * (sample - mean)
        entropies += entropy(sample)
    return mean, np.sqrt(squares / count), entropies / count, count


def _entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the entropy of each row of probabilities, in nats."""
    return 0.0 - (p * np.log(np.where(p > 0, p, 1.0))).sum(1)


def _binary_entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of the entropies of independent binary outputs, from their probabilities of 1."""
    return _entropy(p) + _entropy(1.0 - p)
