"""The documents' quiz, each answer with what in the run above shows it; and their key terms."""

from __future__ import annotations

import numpy as np

from .flow import Stage
from .report import Question, Section, Table, number

__all__ = ["INSIGHT", "key_terms", "quiz"]

INSIGHT = (
    "Dropout keeps a network from relying on any single unit, by turning some off at random in training. What it "
    "learns is more robust, and does better on new data."
)


def quiz(training: list[Stage], evaluation: list[Stage], p: float) -> list[Question]:
    """Ask what dropout does in training, what in evaluation, and why kept values grow, of a run with one dropout.

    The first question is that of the documents, of which only that one is known; the others are ours.
    """
    place = next(i for i, stage in enumerate(training) if stage.kept is not None)
    before, after, kept = training[place - 1].values, training[place].values, training[place].kept
    assert kept is not None
    share = 100 * (1 - np.count_nonzero(kept) / kept.size)
    same = np.count_nonzero(evaluation[place].values == evaluation[place - 1].values)
    ratio = float(np.abs(after).sum() / np.abs(before).sum())
    raw = float(np.abs(before[kept]).sum() / np.abs(before).sum())
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
            f"Stage {place + 1} set {share:.1f} % of {kept.size:,} values to 0, where {100 * p:g} % was asked for; "
            "the shape stayed.",
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
            f"Of the sum of absolute values {100 * raw:.1f} % was kept; divided by {number(1 - p)} it is "
            f"{100 * ratio:.1f} % of what came in.",
        ),
    ]


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
