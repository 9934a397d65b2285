"""The quiz, with evidence from the run for each answer, and the key terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...functional.dropout import dropout
from .flow import Stage
from .report import Question, Section, Table, number

__all__ = ["INSIGHT", "key_terms", "quiz"]

ENOUGH = 20_000  # number of values whose sum is near its expectation
DRAWN = 2**31  # a step that no run reaches

INSIGHT = (
    "Dropout keeps a network from relying on any single unit, by turning some off at random in training. That makes it "
    "more robust, and better on data that it has not seen."
)


def quiz(training: Sequence[Stage], evaluation: Sequence[Stage], p: Any) -> list[Question]:
    """Return questions on dropout in training, in evaluation, and on scaling.

    p is the rate of the first dropout. The list is empty for a run that sets no value to 0.
    """
    index = next((i for i, stage in enumerate(training) if stage.kept is not None), None)
    if index is None:
        return []
    before, kept = training[index - 1].values, training[index].kept
    assert kept is not None
    dropped = kept.size - np.count_nonzero(kept)
    same = np.count_nonzero(evaluation[index].values == evaluation[index - 1].values)
    rate = f"rate {100 * p:g} %" if np.ndim(p) == 0 else "each unit has its own rate"
    return [
        Question(
            "What does the dropout layer do during training?",
            [
                "Randomly turns off some neurons to prevent overfitting",
                "Increases the number of neurons",
                "Normalizes the input data",
                "Adds noise to the output layer",
            ],
            0,
            "Each value is set to 0 with probability p, drawn for every step, so that no unit can rely on another.",
            f"Stage {index + 1} set {dropped:,} of {kept.size:,} values to 0 ({rate}). The shape is unchanged.",
        ),
        Question(
            "What does it do in evaluation mode?",
            ["Drops the same units again", "Passes all values unchanged", "Drops half as many", "Divides by 1 - p"],
            1,
            "A prediction should use the whole network and be reproducible.",
            f"In the prediction, {same:,} of {before.size:,} values pass layer {index + 1} unchanged.",
        ),
        Question(
            "Why are kept values divided by 1 - p in training?",
            [
                "To speed training up",
                "To keep them between 0 and 1",
                "To keep the expected sum equal to that in evaluation",
                "To make the gradients smaller",
            ],
            2,
            "The next layer then receives inputs with the same mean in both modes, and evaluation needs no scaling.",
            _expectation(before, p),
        ),
    ]


def _expectation(values: NDArray[Any], p: Any) -> str:
    """Return a sentence with the kept share of the sum of absolute values, before and after division by 1 - p."""
    total = np.abs(values).sum()
    if np.ndim(p) or p in (0, 1) or not total or not np.isfinite(total):
        return ""
    draws = -(-ENOUGH // values.size)
    kept = dropout(np.abs(np.tile(values, (draws, 1))), p, seed=0, step=DRAWN).sum() * (1 - p) / draws / total
    over = "" if draws == 1 else f"Over {draws:,} masks, "
    return (
        f"{over}{100 * kept:.1f} % of the sum of absolute values is kept. Divided by {number(1 - p)} "
        f"that is {100 * kept / (1 - p):.1f} %."
    )


def key_terms() -> Section:
    """Return the table of key terms."""
    terms = [
        ("Dropout", "Randomly zeroing neuron outputs during training to prevent overfitting."),
        ("Overfitting", "When a model learns noise or details specific to training data, reducing generalization."),
        ("Regularization", "Techniques to reduce overfitting and improve model generalization."),
        ("Inference", "Using a trained model to make predictions on new data."),
        ("Activation", "Output value of a neuron after applying its function."),
    ]
    return Section("Key terms", [Table(["term", "definition"], [list(term) for term in terms])])
