"""Training configurations and the jobs built from them."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from .. import data
from ..core.errors import InputError
from ..core.options import option
from ..data.columns.options import ColumnOptions
from ..data.readers.read_options import ReadOptions
from ..data.splits import RowOrder, hold_out
from ..nn.losses import VALUE_LOSSES
from ..nn.mlp import MLP
from ..nn.variants.kinds import check_rate_schedule
from ..optim import OPTIMIZERS, Optimizer, Schedule, inverse_time, step_decay
from .defaults import EARLIER, VERSION, earlier, patience_of, with_defaults
from .job import TrainJob, split_record
from .row_weights import row_weights

__all__ = ["LATER", "TABLE", "TrainConfig", "TrainJob", "as_before", "build", "load_cached"]

# Options that version 0.1 does not have, with the values that it means.
LATER: dict[str, Any] = {
    "activation": "relu",
    "accumulate": 1,
    "target_transform": None,
    "stratify": False,
    "group": None,
    "time": None,
    "test": None,
    "class_weight": None,
    "threshold": None,
    "table": {},
}
TABLE = {"task": "auto", **asdict(ReadOptions()), **asdict(ColumnOptions())}  # options of a table, with their defaults


@dataclass
class TrainConfig:
    """Options of a training run except the data.

    `build` replaces None with the option's default for the data. `rows` limits the number of training rows.
    `split_seed` replaces `seed` for drawing them and the validation rows. `table` holds further options of
    `data.load`. `patience` 0 never stops early. `test` is a source of rows to evaluate after training.
    `class_weight` is "balanced" or a mapping from labels to weights. `threshold` is a probability of the second class,
    or "f1" or "balanced_accuracy", for the best one on the validation rows.
    """

    target: str | int | Sequence[str | int] | None = None
    hidden: Sequence[int] | None = None
    activation: str | Sequence[str] = "relu"
    dropout: float | Sequence[float] | None = None
    input_dropout: float | None = None
    variant: str = "dropout"
    weight_regularizer: float | None = None
    dropout_regularizer: float | None = None
    dropout_schedule: str = "constant"
    loss: str | None = None
    target_transform: str | None = None
    optimizer: str | None = None
    lr: float | None = None
    momentum: float | None = None
    momentum_steps: int | None = None
    nesterov: bool = False
    weight_decay: float | None = None
    clip_norm: float | None = None
    max_norm: float | None = None
    schedule: str | None = None
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
    stratify: bool = True
    group: str | int | None = None
    time: str | int | None = None
    test: str | None = None
    class_weight: str | Mapping[str, float] | None = None
    threshold: float | str | None = None
    table: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> TrainConfig:
        """Return the configuration of options by name, those of tables among them."""
        table = {name: options[name] for name in options if name in TABLE}
        changed = {name: value for name, value in table.items() if value not in (None, [], (), {}, TABLE[name])}
        return cls(**{name: value for name, value in options.items() if name not in TABLE}, table=changed)

    @property
    def order(self) -> RowOrder:
        """What the splits keep together."""
        return RowOrder(self.stratify, self.group, self.time)

    def settings(self, searched: Collection[str] = (), *, built_in: bool = False) -> dict[str, Any]:
        """Return the options by name, for a journal of a search over the options `searched`.

        Options that version 0.1 lacks are left out at the values that it means. So are the defaults' version if they
        are those of version 0.1, as on the `built_in` data set, or no option is at its default.
        """
        options = asdict(self)
        if built_in and options["schedule"] is None:
            options["schedule"] = EARLIER["schedule"]
        defaults = [name for name in EARLIER if EARLIER[name] is not None and name not in searched]
        changed = not built_in and any(options[name] is None for name in defaults)
        kept = {name: value for name, value in options.items() if name not in LATER or value != LATER[name]}
        return kept | ({"defaults": VERSION} if changed else {})


def as_before(config: TrainConfig, *, built_in: bool) -> TrainConfig:
    """Return a configuration with what version 0.1 means by options at their defaults."""
    return replace(config, **earlier(vars(config), built_in=built_in))


def load_cached(source: str | os.PathLike[str], config: TrainConfig, *, reload: bool = False) -> data.Dataset:
    """Return the data of a configuration from a cache of one data set. `reload` reads them again."""
    if reload:
        _cached.cache_clear()
    return _cached(os.fspath(source), json.dumps(_load_options(config)))


@functools.lru_cache(1)
def _cached(source: str, options: str) -> data.Dataset:
    return data.load(source, **json.loads(options))


def _load_options(config: TrainConfig) -> dict[str, Any]:
    """Return the arguments of `data.load`. A loss has its task, and a column of groups is no feature."""
    options = {"target": config.target, "task": "auto", **config.table}
    if config.loss is not None and options["task"] == "auto":
        options["task"] = "values" if config.loss in VALUE_LOSSES else "classes"
    if config.group is not None and config.group not in options.get("drop", ()):
        options["ids"] = list(dict.fromkeys([*options.get("ids", ()), config.group]))
    return options


def build(source: str | os.PathLike[str] | data.Dataset | Any, config: TrainConfig) -> TrainJob:
    """Return the job of a configuration: load the data, and build a network for the target and the training rows.

    Raises ValueError if the data or an option are invalid.
    """
    if config.patience and config.val is None:
        raise InputError("patience: requires validation data", f"set {option('val', 0.1)}")
    if config.val is None and (config.group is not None or config.time is not None):
        raise InputError("group, time: choose the held-out rows", f"set their share with {option('val', 0.2)}")
    dataset = source if isinstance(source, data.Dataset) else data.load(source, **_load_options(config))
    loss, outputs = _loss(dataset, config.loss)
    seed = config.seed if config.split_seed is None else config.split_seed
    train, held_out, split = dataset, None, None
    if config.val is not None:
        parts = hold_out(dataset, config.val, seed=seed, order=config.order)
        train, held_out = map(dataset.rows, parts)
        split = split_record(dataset, config.val, seed, config.order, parts)
    if config.rows is not None:
        train = data.subset(train, config.rows, seed=seed)
    if train is not dataset:
        train = train.encoded()
    held_out = None if held_out is None else held_out.encoded_by(train.encoder)
    options = with_defaults(config, *train.x.shape, built_in=dataset.source == "pipeline")
    net = MLP(
        [train.x.shape[1], *options["hidden"], outputs],
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
    _describe(net, train, split)
    net.scale_input(*train.scaling(config.standardize))
    _zero_constant_inputs(net, train)
    _check_range(train, net, config.target_transform)
    _scale_target(net, train, config.target_transform)
    test = None if config.test is None else data.load_for(net, config.test)
    if config.threshold is not None and (net.predicts_values or len(net.classes or ()) != 2):
        raise InputError(f"threshold: only valid for two classes, got {config.threshold}")
    if isinstance(config.threshold, str) and held_out is None:
        raise InputError(f"threshold: {config.threshold} is chosen on validation rows", f"set {option('val', 0.2)}")
    epochs = options["epochs"]
    return TrainJob(
        net,
        train,
        held_out,
        _optimizer(config, options),
        epochs,
        options["batch_size"],
        config.accumulate,
        patience_of(config, epochs, built_in=dataset.source == "pipeline", held_out=held_out is not None),
        config.dropout_schedule,
        test=test,
        sample_weight=row_weights(train, config.class_weight),
        threshold=config.threshold,
        notes=dataset.notes,
    )


def _describe(net: MLP, train: data.Dataset, split: dict[str, Any] | None) -> None:
    """Set what the network knows of its data."""
    for name in ("classes", "features", "target", "target_column", "target_names", "encoder"):
        setattr(net, name, getattr(train, name))
    net.table_options = None if train.options is None else train.options.to_dict()
    net.split = split


def _zero_constant_inputs(net: MLP, train: data.Dataset) -> None:
    """Set the weights of inputs that are 0 in all training rows to 0. Training does not change them."""
    offset, scale = net.input_scaling()
    first = (train.x[0] - offset) * scale
    constant = np.flatnonzero(first == 0)
    constant = constant[(train.x[:, constant] == train.x[0, constant]).all(0)]
    if constant.size:
        weights = {name: np.array(values) for name, values in net.weights().items()}
        weights["0.weight"][:, constant] = 0
        net.load_state_dict(weights)


def _check_range(train: data.Dataset, net: MLP, transform: str | None) -> None:
    """Raise InputError for values that the network's dtype, its loss or the transformation does not take."""
    if not net.predicts_values:
        return
    y = train.targets()
    largest = np.finfo(net.dtype).max
    mend = f"divide the target by a constant, or use {option('dtype', 'float64')}"
    rules = [(np.abs(y) > largest, f"of at most {largest:g}", mend)]
    if net.loss == "poisson" or transform == "log1p":
        chosen = option("loss", "poisson") if net.loss == "poisson" else option("target_transform", "log1p")
        mend = f"use {option('target_transform', 'yeo-johnson')} or another loss"
        rules.append((y < 0, f"of at least 0 for {chosen}", mend))
    for wrong, rule, mend in rules:
        if wrong.any():
            row, output = (int(index) for index in np.argwhere(wrong)[0])
            line = row + 1 if train.table is None else train.table.lines[row]
            got = f"got {y[row, output]:g} at row {line}"
            raise InputError(f"{train.source}: expected values of the target {rule}, {got}", mend)


def _scale_target(net: MLP, train: data.Dataset, transform: str | None) -> None:
    """Set the transformation and the scaling of the target of a regression."""
    y = train.targets()
    if not net.predicts_values:
        if transform not in (None, "none"):
            raise InputError(f"target_transform: only valid for values, got a target with classes (loss {net.loss})")
        return
    if transform not in (None, "none"):
        y = net.transform_target(transform, y)
    if net.loss != "poisson":
        net.scale_target(*data.standardization(y, f"{train.source}: target"))


def _loss(dataset: data.Dataset, requested: str | None) -> tuple[str, int]:
    """Return the loss of a target and the number of outputs."""
    if dataset.labels:
        if requested not in (None, "bce"):
            raise InputError(f"loss: {requested} does not fit several targets with labels 0 and 1; use bce")
        return "bce", dataset.targets().shape[1]
    if dataset.classes is None:
        if requested in ("cross_entropy", "bce"):
            raise InputError(f"loss: {requested} is for classes, the target has values; use mse")
        return requested or "mse", dataset.targets().shape[1]
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
    schedule = resolved["schedule"]
    if config.decay_steps is not None and schedule not in schedules:
        raise InputError(f"decay_steps: only valid with schedule inverse or step, got {schedule}")
    options: dict[str, Any] = {
        "lr": resolved["lr"],
        "momentum": resolved["momentum"],
        "momentum_steps": config.momentum_steps,
        "nesterov": config.nesterov or None,
        "weight_decay": resolved["weight_decay"],
        "clip_norm": config.clip_norm,
        "max_norm": config.max_norm,
        "schedule": schedules.get(schedule, schedule),
    }
    if resolved["optimizer"] != "sgd":
        for name in ("momentum", "momentum_steps", "nesterov"):
            if options[name] is not None:
                raise InputError(f"{name}: only valid with optimizer sgd, got {resolved['optimizer']}")
    return OPTIMIZERS[resolved["optimizer"]](**{name: value for name, value in options.items() if value is not None})
