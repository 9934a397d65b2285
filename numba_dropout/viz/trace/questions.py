"""The documents' quiz, each answer with what in the run above shows it; and their key terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...functional.dropout import dropout
from .flow import Stage
from .report import Question, Section, Table, number

__all__ = ["INSIGHT", "key_terms", "quiz"]

ENOUGH = 20_000  # values whose sum is near its expectation
DRAWN = 2**31  # a step that no run comes to

INSIGHT = (
    "Dropout keeps a network from relying on any single unit, by turning some off at random in training. That makes it "
    "more robust, and better on data that it has not seen."
)


def quiz(training: Sequence[Stage], evaluation: Sequence[Stage], p: Any) -> list[Question]:
    """Ask what dropout does in training, what in evaluation, and why kept values grow; p is the first dropout's.

    The first question is that of the documents, of which only that one is known; the others are ours. There are none of
    a run that sets no values to 0.
    """
    place = next((i for i, stage in enumerate(training) if stage.kept is not None), None)
    if place is None:
        return []
    before, kept = training[place - 1].values, training[place].kept
    assert kept is not None
    dropped = kept.size - np.count_nonzero(kept)
    same = np.count_nonzero(evaluation[place].values == evaluation[place - 1].values)
    asked = f"{100 * p:g} % of them were asked for" if np.ndim(p) == 0 else "each unit has a rate of its own"
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
            "Each value is set to 0 with probability p, drawn anew at every step, so that no unit can rely on another.",
            f"Stage {place + 1} set {dropped:,} of {kept.size:,} values to 0, where {asked}; the shape stayed.",
            theirs=True,
        ),
        Question(
            "What does it do in evaluation mode?",
            ["Drops the same units again", "Passes everything as it is", "Drops half as many", "Divides by 1 - p"],
            1,
            "A prediction should use the whole network, and be the same each time.",
            f"In the prediction {same:,} of {before.size:,} values come out of layer {place + 1} as they went in.",
        ),
        Question(
            "Why are the values that are kept divided by 1 - p in training?",
            [
                "To speed training up",
                "To keep them between 0 and 1",
                "To keep the expected sum what it is in evaluation",
                "To make the gradients smaller",
            ],
            2,
            "The next layer then sees inputs of the same mean in both modes, and nothing is left to do in evaluation.",
            _expectation(before, p),
        ),
    ]


def _expectation(values: NDArray[Any], p: Any) -> str:
    """Say what is left of a sum of absolute values, as a mean over masks, before and after the division by 1 - p."""
    whole = np.abs(values).sum()
    if np.ndim(p) or p in (0, 1) or not whole or not np.isfinite(whole):
        return ""
    draws = -(-ENOUGH // values.size)
    kept = dropout(np.abs(np.tile(values, (draws, 1))), p, seed=0, step=DRAWN).sum() * (1 - p) / draws / whole
    over = "" if draws == 1 else f"Over {draws:,} masks, "
    return (
        f"{over}{100 * kept:.1f} % of the sum of the values, without their signs, is kept; divided by {number(1 - p)} "
        f"that is {100 * kept / (1 - p):.1f} %."
    )


def key_terms() -> Section:
    """List the documents' key terms."""
    terms = [
        ("Dropout", "Randomly zeroing neuron outputs during training to prevent overfitting."),
        ("Overfitting", "When a model learns noise or details specific to training data, reducing generalization."),
        ("Regularization", "Techniques to reduce overfitting and improve model generalization."),
        ("Inference", "Using a trained model to make predictions on new data."),
        ("Activation", "Output value of a neuron after applying its function."),
    ]
    return Section("Key terms", [Table(["term", "definition"], [list(term) for term in terms])])
