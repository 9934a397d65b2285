"""Traces of the PyTorch and TensorFlow examples on the built-in data, and of a saved model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...experiments.config import TrainConfig, TrainJob, build
from ...nn.mlp import MLP
from .chapters import data_flow, example_row, prediction, training_section
from .flow import Stage, flow, joined, predictive
from .overfitting import curves, overfitting
from .questions import INSIGHT, key_terms, quiz
from .report import Section, Trace, number

__all__ = ["pytorch", "tensorflow", "trace_row"]

Arrange = Callable[[MLP, list[Stage]], list[Stage]]  # from the operations to the stages of an example


def pytorch(seed: int = 0) -> Trace:
    """Trace 1000 rows of 20 features through dropout 0.3, a linear layer, ReLU and a linear layer to 3 classes."""
    about = (
        "1000 rows of 20 features go through dropout 0.3, a linear layer to 10 units, ReLU, and a linear layer to 3 "
        "classes. Five stages, five epochs, and a prediction with dropout off."
    )
    return _pipeline("Dropout (nn.Dropout) in PyTorch", about, 0.3, seed, lambda net, stages: stages)


def tensorflow(seed: int = 0) -> Trace:
    """Trace 1000 rows of 20 features through dropout 0.2, a dense layer with ReLU, and a dense layer with softmax."""
    about = (
        "1000 rows of 20 features go through dropout 0.2, a dense layer of 10 units with ReLU, and a dense layer of 3 "
        "with softmax. Four stages, five epochs, and a prediction with dropout off."
    )
    return _pipeline("Dropout layers in TensorFlow", about, 0.2, seed, _dense)


def _dense(net: MLP, stages: list[Stage]) -> list[Stage]:
    """Join each matrix product and the activation after it into one stage."""
    start, dropped, linear, relu, out = stages
    last = joined([out, predictive(net, out.values)], "dense 3, softmax")
    return [start, dropped, joined([linear, relu], "dense 10, relu"), last]


def _pipeline(title: str, about: str, p: float, seed: int, arrange: Arrange) -> Trace:
    """Train the network of an example on the built-in data, and return its trace."""
    run = build("pipeline", TrainConfig(input_dropout=p, seed=seed, dtype="float64"))
    x, y = run.train.x, run.train.targets()
    history = run.fit()
    training = arrange(run.net, flow(run.net, x, training=True))
    evaluation = arrange(run.net, flow(run.net, x, training=False))
    description = (
        f"{run.optimizer}, batches of {run.batch_size}, seed {run.net.seed}. Losses are measured in training mode."
    )
    row = example_row(training)
    sections = [
        data_flow(training, row, f"Data flow, in training mode, with the masks of step {run.net.step}"),
        training_section(history, 1 / len(run.net.classes or ()), description),
        prediction(evaluation, row, _verdict(run, evaluation[-1], y, row)),
        overfitting(curves()),
        key_terms(),
        Section("Key insight", [INSIGHT]),
    ]
    questions = quiz(training, evaluation, p)
    return Trace(title, about, run.net, training, evaluation, sections, questions, row=row)


def _verdict(run: TrainJob, last: Stage, y: NDArray[Any], row: int) -> str:
    """Return a sentence with the predicted class of a row, its probability, and the true class."""
    values = last.values[row]
    probabilities = values if last.name.endswith("softmax") else run.net.predictive(values[None])[0]
    label = int(np.argmax(values))
    return (
        f"Class {label}, with probability {probabilities[label]:.3f}. The true class is {y[row]}. "
        f"The probabilities are {', '.join(number(float(c)) for c in probabilities)}."
    )


def trace_row(net: MLP, x: NDArray[Any], row: int, source: str) -> Trace:
    """Trace one row through a trained network with the masks of its next step."""
    batch = x[row : row + 1]
    training = flow(net, batch, training=True, row_offset=row)
    evaluation = flow(net, batch, training=False)
    for stages in (training, evaluation):
        stages.append(predictive(net, stages[-1].values))
    conclusion = f"prediction: {net.predict(batch)[0]}"
    sections = [
        data_flow(training, 0, f"Data flow, in training mode, with the masks of step {net.step}", row),
        prediction(evaluation, 0, conclusion, row),
        key_terms(),
    ]
    about = f"Row {row} of {source} goes through the network {net.name}, in training mode and in evaluation mode."
    first_rate = next((p for p in net.rates if np.any(p)), 0.0)
    questions = quiz(training, evaluation, first_rate)
    title = f"A row through {net.name}"
    return Trace(title, about, net, training, evaluation, sections, questions, first=row)
