"""JAX with jit, with its default generator and with the faster one."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ..cases import LR, MOMENTUM, RATES, Case, P, steps_in_a_call
from . import _checks, _inputs
from ._timed import Timed

__all__ = ["CONTESTANTS", "MEMORY", "PAIRS", "VERSIONS", "configure", "pair"]

VERSIONS = {"jax": jax.__version__}
Drop = Callable[[Any, Any, float], Any]  # dropout of an array with a key and a rate
GENERATORS = {"jax, threefry": "threefry2x32", "jax, rbg": "rbg"}


def configure(threads: int, dtype: str) -> None:
    """Enable float64 if it is measured. The process's affinity sets the number of threads."""
    jax.config.update("jax_enable_x64", dtype == "float64")


def _drop(key: Any, x: Any, p: float) -> Any:
    return jnp.where(jax.random.bernoulli(key, 1 - p, x.shape), x / (1 - p), 0)


# ---------------------------------------------------------------- kernels


def _disturb(key: Any, x: Any, p: float) -> Any:
    return x * (1 + (p / (1 - p)) ** 0.5 * jax.random.normal(key, x.shape, x.dtype))


def _random(operation: Callable[..., Any], check: Callable[..., None]) -> Callable[[Case], dict[str, Timed]]:
    """Return the contestants of operation(key, x, p), one for each generator."""

    def contestants(case: Case) -> dict[str, Timed]:
        host_x = _inputs.positive(case)
        x = jax.device_put(host_x)

        @jax.jit
        def once(key: Any, x: Any) -> Any:
            key, subkey = jax.random.split(key)
            return key, operation(subkey, x, P)

        def with_generator(name: str) -> Timed:
            state = [jax.random.key(1, impl=name)]

            def call() -> Any:
                state[0], y = once(state[0], x)
                return y.block_until_ready()

            return Timed(call, "peer", lambda: check(call(), host_x, P))

        return {label: with_generator(name) for label, name in GENERATORS.items()}

    return contestants


def _product(form: str) -> Callable[[Case], dict[str, Timed]]:
    def contestants(case: Case) -> dict[str, Timed]:
        arrays = _inputs.layer(case)
        left, right = _inputs.factors(form, *arrays)

        @jax.jit
        def product(*arrays: Any) -> Any:
            return jnp.matmul(*_inputs.factors(form, *arrays))

        on_device = jax.device_put(arrays)

        def call() -> Any:
            return jax.block_until_ready(product(*on_device))

        return {"jax": Timed(call, "peer", lambda: _checks.product(call(), left, right))}

    return contestants


# ---------------------------------------------------------------- training


def _parameters(case: Case) -> list[tuple[Any, Any]]:
    keys = jax.random.split(jax.random.key(2), len(case.shape) - 2)
    result = []
    for key, (inputs, outputs) in zip(keys, itertools.pairwise(case.shape[:-1]), strict=True):
        bound = (6.0 / inputs) ** 0.5
        result.append(
            (jax.random.uniform(key, (inputs, outputs), case.dtype, -bound, bound), jnp.zeros(outputs, case.dtype))
        )
    return result


def _loss(parameters: Any, key: Any, x: Any, y: Any, drop: Drop | None) -> Any:
    keys = jax.random.split(key, len(parameters))
    if drop:
        x = drop(keys[0], x, RATES[1])
    for number, (weight, bias) in enumerate(parameters[:-1], 1):
        x = jax.nn.relu(x @ weight + bias)
        if drop:
            x = drop(keys[number], x, RATES[0])
    weight, bias = parameters[-1]
    scores = jax.nn.log_softmax(x @ weight + bias)
    return -jnp.take_along_axis(scores, y[:, None], 1).mean()


def _update(drop: Drop | None) -> Callable[..., Any]:
    """Return a training step from (parameters, velocities, key) and a batch to the next state and the loss."""

    def update(state: Any, batch: Any) -> Any:
        parameters, velocities, key = state
        key, subkey = jax.random.split(key)
        loss, gradients = jax.value_and_grad(_loss)(parameters, subkey, *batch, drop)
        velocities = jax.tree.map(lambda v, g: MOMENTUM * v + g, velocities, gradients)
        return (jax.tree.map(lambda w, v: w - LR * v, parameters, velocities), velocities, key), loss

    return update


def _stepping(case: Case, generator: str, update: Callable[..., Any], batches: Any) -> Callable[[], float]:
    """Return a function that runs the next step and returns the loss."""
    jitted = jax.jit(update, donate_argnums=0)
    parameters = _parameters(case)
    state = [(parameters, jax.tree.map(jnp.zeros_like, parameters), jax.random.key(3, impl=generator))]
    on_device = jax.device_put(batches)

    def step() -> float:
        state[0], loss = jax.block_until_ready(jitted(state[0], on_device))
        return float(loss)

    return step


def _one_step(case: Case, generator: str, drop: Drop | None = _drop) -> Callable[[], float]:
    return _stepping(case, generator, _update(drop), _inputs.batch(case))


def pair(case: Case, generator: str, drop: Drop = _drop) -> tuple[Callable[[], float], Callable[[], float]]:
    """Return steps with dropout and without it."""
    return _one_step(case, generator, drop), _one_step(case, generator, None)


def _step(case: Case) -> dict[str, Timed]:
    singles = {label: _one_step(case, name) for label, name in GENERATORS.items()}
    measured = {label: Timed(step, "peer", _checks.learns(step)) for label, step in singles.items()}
    steps = steps_in_a_call(case.shape)
    x, y = _inputs.batch(case, steps)
    batches = x.reshape(steps, -1, x.shape[1]), y.reshape(steps, -1)

    def update_many(state: Any, batches: Any) -> Any:
        state, losses = jax.lax.scan(_update(_drop), state, batches)
        return state, losses.mean()

    for label, name in GENERATORS.items():
        many = _stepping(case, name, update_many, batches)
        measured[f"{label}, lax.scan"] = Timed(many, "peer", _checks.learns(many, window=2), times=steps)
    return measured


def _pairs(case: Case) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    return {label: pair(case, name) for label, name in GENERATORS.items()}


def _memory(case: Case) -> dict[str, int]:
    """Return the bytes that dropout adds to the residuals of the gradient function."""
    x, y = map(jax.device_put, _inputs.batch(case))
    kept = []
    for drop in (_drop, None):

        @jax.jit
        def loss(parameters: Any, drop: Drop | None = drop) -> Any:
            return _loss(parameters, jax.random.key(4), x, y, drop)

        _, gradient = jax.vjp(loss, _parameters(case))
        leaves = {id(leaf): leaf.nbytes for leaf in jax.tree.leaves(gradient) if hasattr(leaf, "nbytes")}
        kept.append(sum(leaves.values()))
    return {"jax, all that dropout adds": kept[0] - kept[1]}


CONTESTANTS = {
    "dropout": _random(_drop, _checks.dropped),
    "gaussian_dropout": _random(_disturb, _checks.gaussian),
    "product_forward": _product("forward"),
    "product_dinp": _product("dinp"),
    "product_dweight": _product("dweight"),
    "step": _step,
    "step_shared": _step,
}
PAIRS = {"dropout_adds": _pairs, "jax_adds": _pairs}
MEMORY = {"memory": _memory}
