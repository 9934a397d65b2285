"""From a data set and a user's choices to a network that is ready to be trained."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import data
from ..core.errors import InputError
from ..nn.mlp import MLP
from ..nn.variants.kinds import check_course
from ..optim import SGD, Adam, AdamW, Optimizer, Schedule, inverse_time, step_decay
from ..training.evaluate import precision_of_noise
from ..training.fit import History, fit

__all__ = ["OPTIMIZERS", "TrainConfig", "TrainJob", "build", "load_cached"]

OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}


@dataclass
class TrainConfig:
    """All choices of a training run but the data; None takes the default that `build` has for the data.

    `rows` learns from so many of the rows alone; `split_seed` draws them, and those held out, instead of the seed.
    """

    target: str | int | None = None
    hidden: Sequence[int] | None = None
    dropout: float | Sequence[float] | None = None
    input_dropout: float | None = None
    variant: str = "dropout"
    weight_regularizer: float | None = None
    dropout_regularizer: float | None = None
    dropout_schedule: str = "constant"
    loss: str | None = None
    optimizer: str | None = None
    lr: float | None = None
    momentum: float | None = None
    momentum_steps: int | None = None
    nesterov: bool = False
    weight_decay: float | None = None
    clip_norm: float | None = None
    max_norm: float | None = None
    schedule: str = "constant"
    decay_steps: float | None = None
    epochs: int | None = None
    batch_size: int | None = None
    seed: int = 0
    dtype: str = "float32"
    device: str = "cpu"
    precision: str = "float32"
    standardize: str = "auto"
    val: float | None = None
    patience: int | None = None
    rows: int | None = None
    split_seed: int | None = None


@dataclass
class TrainJob:
    """A network, its data and how it is to be trained: all checked, ready to go."""

    net: MLP
    train: data.Dataset
    validation: data.Dataset | None
    optimizer: Optimizer
    epochs: int
    batch_size: int
    patience: int | None
    dropout_schedule: str

    def compile(self) -> None:
        """Compile, and keep on disk, what training and measuring call."""
        x, y = map(self.net.bring, self.net.check_xy(self.train.x[:1], self.train.targets()[:1]))
        self.optimizer.end = 1  # of a course, which is that of no step
        self.net.train_steps(np.empty((0, 2)), x, y, np.arange(0), 1, self.optimizer)
        self.optimizer.end = None
        self.net.measure(x, y)

    def fit(self, **options: Any) -> History:
        """Train; `options` are what is left of the arguments of `train.fit`.

        Of a regression the precision of the noise, `net.tau`, is taken from the validation part, where there is one;
        also where Ctrl-C ends training, which passes through.
        """
        learnt_from = self.train.x, self.train.targets()
        held_out = None if self.validation is None else (self.validation.x, self.validation.targets())
        try:
            history = fit(
                self.net,
                *learnt_from,
                optimizer=self.optimizer,
                epochs=self.epochs,
                batch_size=self.batch_size,
                validation=held_out,
                patience=self.patience,
                dropout_schedule=self.dropout_schedule,
                **options,
            )
        except KeyboardInterrupt:
            self._measure_noise(held_out or learnt_from)
            raise
        self._measure_noise(held_out or learnt_from)
        return history

    def _measure_noise(self, rows: tuple[Any, Any]) -> None:
        if self.net.loss == "mse" and self.net.step:
            self.net.tau = precision_of_noise(self.net, *rows)


# What a recipe leaves open. The built-in set's choices give the curve that its description promises.
BUILT_IN = {
    "hidden": (10,),
    "dropout": 0.0,
    "input_dropout": 0.3,
    "epochs": 5,
    "batch_size": 25,
    "optimizer": "sgd",
    "lr": 0.025,
    "momentum": 0.0,
}
GENERAL = {
    "hidden": (128,),
    "dropout": 0.5,
    "input_dropout": 0.0,
    "epochs": 10,
    "batch_size": 128,
    "optimizer": "adam",
    "lr": None,
    "momentum": None,
}


def load_cached(source: str | os.PathLike[str], recipe: TrainConfig, *, anew: bool = False) -> data.Dataset:
    """Return the data of a recipe, which are kept: who prepares many runs reads them once, anew for the first."""
    if anew:
        _kept.cache_clear()
    return _kept(os.fspath(source), recipe.target, recipe.loss)


def _read(source: str | os.PathLike[str], target: str | int | None, loss: str | None) -> data.Dataset:
    return data.load(source, target=target, task={None: "auto", "mse": "values"}.get(loss, "classes"))


_kept = functools.lru_cache(1)(_read)


def build(source: str | os.PathLike[str] | data.Dataset, recipe: TrainConfig) -> TrainJob:
    """Read the data, where they are not yet, and make a network: the target's loss, scaling of the training part.

    Raises ValueError where the data or a choice cannot be used.
    """
    if recipe.patience is not None and recipe.val is None:
        raise InputError("patience: needs validation data; hold some out with val (--val 0.1)")
    whole = source if isinstance(source, data.Dataset) else _read(source, recipe.target, recipe.loss)
    choice = _choices(recipe, built_in=whole.source == "pipeline")
    loss, outputs = _loss(whole, recipe.loss)
    seed = recipe.seed if recipe.split_seed is None else recipe.split_seed
    part, held_out = (whole, None) if recipe.val is None else data.split(whole, recipe.val, seed=seed, name="val")
    if recipe.rows is not None:
        part = data.some(part, recipe.rows, seed=seed)
    net = MLP(
        [whole.x.shape[1], *choice["hidden"], outputs],
        dropout=choice["dropout"],
        input_dropout=choice["input_dropout"],
        seed=recipe.seed,
        loss=loss,
        variant=recipe.variant,
        weight_regularizer=recipe.weight_regularizer,
        dropout_regularizer=recipe.dropout_regularizer,
        dtype=recipe.dtype,
        device=recipe.device,
        precision=recipe.precision,
    )
    if recipe.dropout_schedule != "constant":
        check_course(recipe.variant)
    for name in ("classes", "features", "target", "target_column"):
        setattr(net, name, getattr(whole, name))
    net.scale_input(*part.scaling(recipe.standardize))
    if loss == "mse":
        net.scale_target(*data.standardization(part.targets()))
    return TrainJob(
        net,
        part,
        held_out,
        _optimizer(recipe, choice),
        choice["epochs"],
        choice["batch_size"],
        recipe.patience,
        recipe.dropout_schedule,
    )


def _choices(recipe: TrainConfig, *, built_in: bool) -> dict[str, Any]:
    """Fill in what a recipe leaves open; an optimiser that was asked for brings its own defaults."""
    defaults = dict(BUILT_IN if built_in else GENERAL)
    if recipe.optimizer is not None:
        defaults |= {"lr": None, "momentum": None}
    given = {name: getattr(recipe, name) for name in defaults}
    return {name: defaults[name] if value is None else value for name, value in given.items()}


def _loss(whole: data.Dataset, asked: str | None) -> tuple[str, int]:
    """Return the loss for a target, and how many outputs it takes."""
    if whole.classes is None:
        return "mse", whole.targets().shape[1]
    if asked == "bce":
        if len(whole.classes) != 2:
            raise InputError(f"loss: bce is for 2 classes, the target has {len(whole.classes)}; use cross_entropy")
        return "bce", 1
    if asked == "mse":
        raise InputError("loss: mse is for values, the target has classes; use cross_entropy")
    return "cross_entropy", len(whole.classes)


def _optimizer(recipe: TrainConfig, choice: dict[str, Any]) -> Optimizer:
    decay_steps = 1000.0 if recipe.decay_steps is None else recipe.decay_steps
    schedules: dict[str, Schedule] = {"inverse": inverse_time(decay_steps), "step": step_decay(decay_steps)}
    if recipe.decay_steps is not None and recipe.schedule not in schedules:
        raise InputError(f"decay_steps: expected with the schedule inverse or step, got it with {recipe.schedule}")
    options: dict[str, Any] = {
        "lr": choice["lr"],
        "momentum": choice["momentum"],
        "momentum_steps": recipe.momentum_steps,
        "nesterov": recipe.nesterov or None,
        "weight_decay": recipe.weight_decay,
        "clip_norm": recipe.clip_norm,
        "max_norm": recipe.max_norm,
        "schedule": schedules.get(recipe.schedule, recipe.schedule),
    }
    if choice["optimizer"] != "sgd":
        for name in ("momentum", "momentum_steps", "nesterov"):
            if options[name] is not None:
                raise InputError(f"{name}: expected with the optimiser sgd, got it with {choice['optimizer']}")
    return OPTIMIZERS[choice["optimizer"]](**{name: value for name, value in options.items() if value is not None})
