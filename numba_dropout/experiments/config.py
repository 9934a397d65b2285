"""Training configurations and the jobs built from them."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .. import data
from ..core.errors import InputError
from ..nn.losses import VALUE_LOSSES
from ..nn.mlp import MLP
from ..nn.variants.kinds import check_rate_schedule
from ..optim import SGD, Adam, AdamW, Optimizer, Schedule, inverse_time, step_decay
from ..training.evaluate import precision_of_noise
from ..training.fit import History, fit

__all__ = ["LATER", "OPTIMIZERS", "TrainConfig", "TrainJob", "build", "load_cached"]

LATER = {"activation": "relu", "accumulate": 1}  # options that version 0.1 does not have
OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}


@dataclass
class TrainConfig:
    """Options of a training run except the data.

    `build` replaces None with the option's default for the data. `rows` limits the number of training rows.
    `split_seed` replaces `seed` for drawing them and the validation rows.
    """

    target: str | int | None = None
    hidden: Sequence[int] | None = None
    activation: str | Sequence[str] = "relu"
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
    accumulate: int = 1
    seed: int = 0
    dtype: str = "float32"
    device: str = "cpu"
    precision: str = "float32"
    standardize: str = "auto"
    val: float | None = None
    patience: int | None = None
    rows: int | None = None
    split_seed: int | None = None

    def settings(self) -> dict[str, Any]:
        """Return the options by name, without later ones at their defaults: journals of version 0.1 lack those."""
        options = asdict(self)
        return {name: value for name, value in options.items() if name not in LATER or value != LATER[name]}


@dataclass
class TrainJob:
    """A network, its data and its training options, all validated."""

    net: MLP
    train: data.Dataset
    validation: data.Dataset | None
    optimizer: Optimizer
    epochs: int
    batch_size: int
    accumulate: int
    patience: int | None
    dropout_schedule: str

    def compile(self) -> None:
        """Compile the kernels of training and evaluation, and save them in the disk cache."""
        x, y = self.net.check_xy(self.train.x[:1], self.train.targets()[:1])
        self.optimizer.end = 1  # a schedule needs an end, but no step is run
        self.net.train_steps(np.empty((0, 2)), x, y, np.arange(0), 1, self.optimizer)
        self.optimizer.end = None
        self.net.evaluate_arrays(x, y)

    def fit(self, **options: Any) -> History:
        """Train the network. `options` are further arguments of `fit`.

        For a regression the noise precision `net.tau` is estimated on the validation rows, or on the training rows
        without validation. KeyboardInterrupt is then raised again.
        """
        training = self.train.x, self.train.targets()
        validation = None if self.validation is None else (self.validation.x, self.validation.targets())
        try:
            history = fit(
                self.net,
                *training,
                optimizer=self.optimizer,
                epochs=self.epochs,
                batch_size=self.batch_size,
                accumulate=self.accumulate,
                validation=validation,
                patience=self.patience,
                dropout_schedule=self.dropout_schedule,
                **options,
            )
        except KeyboardInterrupt:
            self._measure_noise(validation or training)
            raise
        self._measure_noise(validation or training)
        return history

    def _measure_noise(self, rows: tuple[Any, Any]) -> None:
        if self.net.predicts_values and self.net.loss != "poisson" and self.net.step:
            self.net.tau = precision_of_noise(self.net, *rows)


# Defaults of options that are None. Those of the built-in data set give the curve in its description.
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


def load_cached(source: str | os.PathLike[str], config: TrainConfig, *, reload: bool = False) -> data.Dataset:
    """Return the data of a configuration from a cache of one data set. `reload` reads them again."""
    if reload:
        _cached.cache_clear()
    return _cached(os.fspath(source), config.target, config.loss)


def _read(source: str | os.PathLike[str], target: str | int | None, loss: str | None) -> data.Dataset:
    task = "auto" if loss is None else "values" if loss in VALUE_LOSSES else "classes"
    return data.load(source, target=target, task=task)


_cached = functools.lru_cache(1)(_read)


def build(source: str | os.PathLike[str] | data.Dataset, config: TrainConfig) -> TrainJob:
    """Return the job of a configuration: load the data, and build a network for the target and the training rows.

    Raises ValueError if the data or an option are invalid.
    """
    if config.patience is not None and config.val is None:
        raise InputError("patience: requires validation data; set val (--val 0.1)")
    dataset = source if isinstance(source, data.Dataset) else _read(source, config.target, config.loss)
    options = _with_defaults(config, built_in=dataset.source == "pipeline")
    loss, outputs = _loss(dataset, config.loss)
    seed = config.seed if config.split_seed is None else config.split_seed
    train, held_out = (dataset, None) if config.val is None else data.split(dataset, config.val, seed=seed, name="val")
    if config.rows is not None:
        train = data.subset(train, config.rows, seed=seed)
    net = MLP(
        [dataset.x.shape[1], *options["hidden"], outputs],
        activation=config.activation,
        dropout=options["dropout"],
        input_dropout=options["input_dropout"],
        seed=config.seed,
        loss=loss,
        variant=config.variant,
        weight_regularizer=config.weight_regularizer,
        dropout_regularizer=config.dropout_regularizer,
        dtype=config.dtype,
        device=config.device,
        precision=config.precision,
    )
    if config.dropout_schedule != "constant":
        check_rate_schedule(config.variant)
    for name in ("classes", "features", "target", "target_column"):
        setattr(net, name, getattr(dataset, name))
    net.scale_input(*train.scaling(config.standardize))
    if net.predicts_values and loss != "poisson":
        net.scale_target(*data.standardization(train.targets()))
    return TrainJob(
        net,
        train,
        held_out,
        _optimizer(config, options),
        options["epochs"],
        options["batch_size"],
        config.accumulate,
        config.patience,
        config.dropout_schedule,
    )


def _with_defaults(config: TrainConfig, *, built_in: bool) -> dict[str, Any]:
    """Return the options with defaults. An explicit optimizer uses its own defaults for lr and momentum."""
    defaults = dict(BUILT_IN if built_in else GENERAL)
    if config.optimizer is not None:
        defaults |= {"lr": None, "momentum": None}
    values = {name: getattr(config, name) for name in defaults}
    return {name: defaults[name] if value is None else value for name, value in values.items()}


def _loss(dataset: data.Dataset, requested: str | None) -> tuple[str, int]:
    """Return the loss of a target and the number of outputs."""
    if dataset.classes is None:
        return requested if requested in VALUE_LOSSES else "mse", dataset.targets().shape[1]
    if requested == "bce":
        if len(dataset.classes) != 2:
            raise InputError(f"loss: bce is for 2 classes, the target has {len(dataset.classes)}; use cross_entropy")
        return "bce", 1
    if requested in VALUE_LOSSES:
        raise InputError(f"loss: {requested} is for values, the target has classes; use cross_entropy")
    return "cross_entropy", len(dataset.classes)


def _optimizer(config: TrainConfig, resolved: dict[str, Any]) -> Optimizer:
    """Return the optimizer of a configuration, after checking that its options belong to it."""
    decay_steps = 1000.0 if config.decay_steps is None else config.decay_steps
    schedules: dict[str, Schedule] = {"inverse": inverse_time(decay_steps), "step": step_decay(decay_steps)}
    if config.decay_steps is not None and config.schedule not in schedules:
        raise InputError(f"decay_steps: only valid with schedule inverse or step, got {config.schedule}")
    options: dict[str, Any] = {
        "lr": resolved["lr"],
        "momentum": resolved["momentum"],
        "momentum_steps": config.momentum_steps,
        "nesterov": config.nesterov or None,
        "weight_decay": config.weight_decay,
        "clip_norm": config.clip_norm,
        "max_norm": config.max_norm,
        "schedule": schedules.get(config.schedule, config.schedule),
    }
    if resolved["optimizer"] != "sgd":
        for name in ("momentum", "momentum_steps", "nesterov"):
            if options[name] is not None:
                raise InputError(f"{name}: only valid with optimizer sgd, got {resolved['optimizer']}")
    return OPTIMIZERS[resolved["optimizer"]](**{name: value for name, value in options.items() if value is not None})
