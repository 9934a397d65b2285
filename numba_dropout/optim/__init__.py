"""Optimizers and learning-rate schedules."""

from .adam import Adam, AdamW
from .optimizer import Optimizer
from .schedules import SCHEDULES, Schedule, cosine, inverse_time, schedule_name, step_decay
from .sgd import SGD

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adam",
    "AdamW",
    "Optimizer",
    "Schedule",
    "cosine",
    "inverse_time",
    "schedule_name",
    "step_decay",
]

OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}
