"""Optimizers and schedules of the learning rate."""

from .optimizer import SCHEDULES, SGD, Adam, AdamW, Optimizer

__all__ = ["SCHEDULES", "SGD", "Adam", "AdamW", "Optimizer"]
