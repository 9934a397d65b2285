"""Cases: one operation at one size each, measured for all contestants."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from .sizes import TRAIN_SIZES, Network, Sizes, elements

__all__ = [
    "ACTIVATIONS",
    "ENCODER_P",
    "LR",
    "MOMENTUM",
    "RATES",
    "SHARED",
    "Case",
    "P",
    "dropped_elements",
    "of_group",
    "step_operations",
    "steps_in_a_call",
]

P = 0.3  # probability of the dropout kernels
LR, MOMENTUM = 0.01, 0.9  # hyperparameters of the steps
ACTIVATIONS = ("tanh", "gelu", "silu")  # those that are not piecewise linear
LAYER = 1024  # units of a layer whose activation is measured
RATES = (0.5, 0.2)  # rates of hidden layers and input in networks (Srivastava et al., JMLR 2014)

ENCODER, ENCODER_P = (32, 128, 256, 4), 0.1  # rows, length, width and layers of a transformer, and its rate
WIDE = Network((784, 2048, 2048, 10), 128)  # for the cost of sub-network dropout

SHARED = "step_shared"  # the kind of the case measured next to a busy process

# The matrix products of a layer and of its gradients.
FORMS = {"forward": "x W^T", "dinp": "dy W", "dweight": "dy^T x"}


@dataclass(frozen=True)
class Case:
    """One operation at one size.

    `kind` selects the contestants. `unit` and `work` convert seconds to the displayed value: seconds per unit of work,
    or work per second for GFLOP/s.
    """

    group: str
    kind: str
    title: str
    size: str
    shape: tuple[int, ...]
    dtype: str
    unit: str
    work: float = 1.0


def of_group(group: str, sizes: Sizes, dtype: str) -> list[Case]:
    """Return the cases of a group other than startup."""
    if group == "kernels":
        return [*_dropout(sizes, dtype), *_family(sizes, dtype), *_activations(sizes, dtype), *_products(sizes, dtype)]
    if group == "train":
        return _steps(sizes, dtype)
    if group == "peers":
        return _in_other_libraries(sizes, dtype)
    return [_network("memory", "memory", "kept for backward", network, dtype, "bytes") for network in sizes.networks]


def _dropout(sizes: Sizes, dtype: str) -> list[Case]:
    kinds = {
        "dropout": f"dropout, p = {P}",
        "dropout_backward": f"dropout backward, p = {P}",
        "mask": f"sample_mask, p = {P}",
        "packed_mask": f"sample_mask, packed, p = {P}",
    }
    return [
        Case("kernels", kind, title, f"{elements(n)} elements", (n,), dtype, "ns/element", float(n))
        for kind, title in kinds.items()
        for n in sizes.elements
    ]


def _family(sizes: Sizes, dtype: str) -> list[Case]:
    kinds = {"gaussian_dropout": f"gaussian_dropout, p = {P}", "alpha_dropout": f"alpha_dropout, p = {P}"}
    return [
        Case("kernels", kind, title, f"{elements(n)} elements", (n,), dtype, "ns/element", float(n))
        for kind, title in kinds.items()
        for n in sizes.elements[-2:][:1]  # one size is enough, because they are compute-bound
    ]


def _activations(sizes: Sizes, dtype: str) -> list[Case]:
    """Return the cases of activations, in a layer with one input, whose product takes little time."""
    cases = []
    for name in ACTIVATIONS:
        for n in sizes.elements[-2:][:1]:
            units = min(n, LAYER)
            rows, size = n // units, f"{elements(n)} elements"
            shape, work = (rows, 1, units), float(rows * units)
            cases.append(Case("kernels", f"activation_{name}", name, size, shape, dtype, "ns/element", work))
    return cases


def _products(sizes: Sizes, dtype: str) -> list[Case]:
    kinds = {f"product_{form}": f"product {formula}" for form, formula in FORMS.items()}
    kinds["linear_relu_dropout"] = f"linear_relu_dropout, p = {RATES[0]}"
    return [
        Case(
            "kernels",
            kind,
            title,
            "x".join(map(str, shape)),
            shape,
            dtype,
            "GFLOP/s",
            2.0 * shape[0] * shape[1] * shape[2],
        )
        for kind, title in kinds.items()
        for shape in sizes.products
    ]


def _steps(sizes: Sizes, dtype: str) -> list[Case]:
    steps = [_network("train", "step", "training step", network, dtype, "ms/step") for network in sizes.networks]
    # the cost of dropout is measured in the largest network
    largest = max(sizes.networks, key=lambda network: network.batch * sum(network.units[1:-1]), default=None)
    if largest is not None:
        steps.append(_network("train", "dropout_adds", "what dropout adds to a step", largest, dtype, "percent"))
        wide = WIDE if sizes.networks == TRAIN_SIZES.networks else largest
        title = f"what sub-network dropout, p = {RATES[0]}, adds to a step without dropout"
        steps.append(_network("train", "subnetwork_adds", title, wide, dtype, "percent"))
        title = "what an activation adds to a step, relative to ReLU"
        steps.append(_network("train", "activation_adds", title, largest, dtype, "percent"))
        # with a busy core, threads wait for each other in each parallel region of a step
        middle = sorted(sizes.networks, key=lambda network: network.batch * sum(network.units))[
            len(sizes.networks) // 2
        ]
        title = "training step, a core taken by another process"
        steps.append(_network("train", SHARED, title, middle, dtype, "ms/step"))
    return steps


def _in_other_libraries(sizes: Sizes, dtype: str) -> list[Case]:
    """Return the cases of dropout in the models of other libraries: theirs and this project's, in the same model."""
    kinds = {
        "torch_adds": "what dropout adds to a step of PyTorch",
        "torch_autocast_adds": "what dropout adds to a step of PyTorch with bfloat16 autocast",
        "torch_compiled_adds": "what dropout adds to a step of PyTorch with torch.compile",
        "jax_adds": "what dropout adds to a jitted step of JAX",
    }
    cases = [
        _network("peers", kind, title, network, dtype, "percent")
        for kind, title in kinds.items()
        for network in sizes.networks
    ]
    if sizes.networks:
        rows, length, width, layers = ENCODER
        size, title = f"d {width}, {layers} layers, {rows} x {length}", "what dropout adds to a TransformerEncoder"
        cases.append(Case("peers", "torch_encoder_adds", f"{title}, p = {ENCODER_P}", size, ENCODER, dtype, "percent"))
    for n in sizes.elements:
        title = f"PyTorch's dropout, forward and backward, p = {P}"
        cases.append(Case("peers", "torch_dropout", title, f"{elements(n)} elements", (n,), dtype, "ns/element", n))
    title = "kept for backward by PyTorch's network"
    return [*cases, *(_network("peers", "torch_memory", title, network, dtype, "bytes") for network in sizes.networks)]


def _network(group: str, kind: str, title: str, network: Network, dtype: str, unit: str) -> Case:
    return Case(group, kind, title, str(network), (*network.units, network.batch), dtype, unit)


def step_operations(shape: tuple[int, ...]) -> float:
    """Return the floating-point operations of a step's matrix products, without the gradient of the input."""
    *units, batch = shape
    weights = [inputs * outputs for inputs, outputs in itertools.pairwise(units)]
    return 2.0 * batch * (3 * sum(weights) - weights[0])


def steps_in_a_call(shape: tuple[int, ...]) -> int:
    """Return the number of steps in a call that runs several, so that it is long enough to time."""
    return int(min(256, max(8, 1e9 // step_operations(shape))))


def dropped_elements(shape: tuple[int, ...]) -> int:
    """Return the number of hidden values with dropout. No library saves anything for the input."""
    *units, batch = shape
    return batch * sum(units[1:-1])
