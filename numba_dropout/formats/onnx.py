"""Export to ONNX: scaling of the input, Gemm, Relu and Dropout, and probabilities or values."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from ..core.errors import InputError, missing
from ..core.options import option
from ..nn.mlp import MLP
from ..storage.files import replacing
from ..storage.sequential import modules

__all__ = ["export"]

OPSET = 17  # Dropout takes rate and mode as tensors since 12. Runtimes have supported 17 since 2022.
IR_VERSION = 8


def export(net: MLP, path: str | os.PathLike[str], *, mc: bool = False) -> None:
    """Check a network as an ONNX model and write it atomically.

    The input `x` (rows, inputs) has the network's dtype and is not standardized: the model standardizes it. The outputs
    are `outputs`, as of `forward`, and `probabilities`, as of `predict_proba`, or `values` in the target's units.
    Dropout has rate and `training_mode` as tensors. The mode is false, or true with `mc`: each row of a run is then a
    sample of Monte-Carlo dropout with the runtime's random numbers. Repeat a row within a run for several samples:
    onnxruntime's numbers on the CPU differ little between runs. The metadata holds the classes and the network's
    choices as JSON.

    Raise ValueError if onnx is missing, for a target transformed by "yeo-johnson", and for `mc` if ONNX has no such
    dropout: another variant, a rate for each unit, or a rate of 1.

    Examples
    --------
    >>> from numba_dropout.formats import onnx
    >>> onnx.export(nd.MLP([5, 8, 3]), "net.onnx")
    """
    onnx = _library()
    if net.target_transform not in ("none", "log1p"):
        raise InputError(
            f"target_transform: no export to ONNX for {net.target_transform}",
            f"train with {option('target_transform', 'log1p')}, or without one",
        )
    rates = net.rates
    masked = net.variant == "dropout" and all(np.ndim(rate) == 0 and rate < 1 for rate in rates)
    if mc and not masked:
        raise InputError("mc: expected variant dropout and one rate below 1 for each layer, the dropout that ONNX has")
    graph = _Graph(onnx, net.dtype)
    value = _scaled_input(graph, net)
    if masked and any(rates):
        training = graph.constant("training_mode", np.array(mc))
        if mc:
            graph.constant("zero", np.zeros((), net.dtype))
    for number, (kind, argument) in enumerate(modules(net.choices())):
        if kind == "linear":
            names = [
                graph.constant(f"{number}.{name}", net.weights()[f"{argument}.{name}"]) for name in ("weight", "bias")
            ]
            last = argument == len(net.sizes) - 2
            value = graph.add("Gemm", [value, *names], "outputs" if last else f"linear_{number}", transB=1)
        elif kind != "dropout":
            value = _activation(graph, kind, value, number)
        elif masked:
            rate = graph.constant(f"{number}.rate", np.array(argument, net.dtype))
            inputs = [value, rate, training]
            value = _active_dropout(graph, inputs, number) if mc else graph.add("Dropout", inputs, f"dropout_{number}")
    prediction = _add_prediction(graph, net, value)
    model = graph.model(net, ["outputs", prediction])
    onnx.checker.check_model(model, full_check=True)
    with replacing(path) as file:
        file.write(model.SerializeToString(deterministic=True))


def _scaled_input(graph: _Graph, net: MLP) -> str:
    """Add the optional scaling of the input, in float64 and rounded once. Return the name of the result."""
    offset, scale = net.input_scaling()
    if not offset.any() and (scale == 1).all():
        return "x"
    value = graph.cast("x", np.dtype(np.float64), "wide")
    value = graph.add("Sub", [value, graph.constant("input_offset", offset)], "centered")
    value = graph.add("Mul", [value, graph.constant("input_scale", scale)], "scaled")
    return graph.cast(value, net.dtype, "standardized")


_OPERATORS: dict[str, tuple[str, dict[str, Any]]] = {  # of activations, with their attributes
    "relu": ("Relu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.01}),
    "elu": ("Elu", {}),
    "selu": ("Selu", {}),
    "tanh": ("Tanh", {}),
    "logistic": ("Sigmoid", {}),
    "identity": ("Identity", {}),
}


def _activation(graph: _Graph, kind: str, value: str, number: int) -> str:
    """Add an activation. Those without an operator of version 17 or older are x times a factor between 0 and 1."""
    if kind in _OPERATORS:
        operator, attributes = _OPERATORS[kind]
        return graph.add(operator, [value], f"{kind}_{number}", **attributes)

    def constant(name: str, content: float) -> str:
        return graph.constant(f"{number}.{name}", np.array(content, graph.dtype))

    def add(operator: str, inputs: list[str], name: str) -> str:
        return graph.add(operator, inputs, f"{name}_{number}")

    if kind == "gelu":
        scaled = add("Mul", [value, constant("root", np.sqrt(0.5))], "scaled")
        error = add("Erf", [scaled], "erf")
        shifted = add("Add", [error, constant("one", 1.0)], "shifted")
        factor = add("Mul", [shifted, constant("half", 0.5)], "factor")
    elif kind == "gelu_tanh":
        square = add("Mul", [value, value], "square")
        cubic = add("Mul", [square, constant("cubic", 2 * np.sqrt(2 / np.pi) * 0.044715)], "cubic")
        slope = add("Add", [cubic, constant("linear", 2 * np.sqrt(2 / np.pi))], "slope")
        factor = add("Sigmoid", [add("Mul", [value, slope], "gate")], "factor")
    elif kind == "silu":
        factor = add("Sigmoid", [value], "factor")
    else:
        raise InputError(f"activation: no export to ONNX for {kind}")
    return add("Mul", [value, factor], kind)


def _active_dropout(graph: _Graph, inputs: list[str], number: int) -> str:
    """Add Dropout and an idle use of its mask, because onnxruntime removes Dropout whose mask is not used."""
    value, mask = f"dropout_{number}", f"mask_{number}"
    graph.nodes.append(graph.onnx.helper.make_node("Dropout", inputs, [value, mask], name=value))
    return graph.add("Where", [mask, value, "zero"], f"dropped_{number}")


def _add_prediction(graph: _Graph, net: MLP, value: str) -> str:
    """Add probabilities, or values in the target's units. Return the name of the result."""
    if net.loss == "cross_entropy":
        return graph.add("Softmax", [value], "probabilities", axis=1)
    if net.loss == "bce":
        one = graph.add("Sigmoid", [value], "probabilities" if net.sizes[-1] > 1 else "one")
        if net.sizes[-1] > 1:
            return one
        other = graph.add("Sub", [graph.constant("unity", np.ones(1, net.dtype)), one], "other")
        return graph.add("Concat", [other, one], "probabilities", axis=1)
    wide = graph.cast(value, np.dtype(np.float64), "wide_outputs")
    if net.loss == "poisson":
        return graph.add("Exp", [wide], "values")
    scale, offset = net.target_scaling()
    wide = graph.add("Div", [wide, graph.constant("target_scale", np.array(scale))], "unscaled")
    shifted = [wide, graph.constant("target_offset", np.array(offset))]
    if net.target_transform == "none":
        return graph.add("Add", shifted, "values")
    wide = graph.add("Exp", [graph.add("Relu", [graph.add("Add", shifted, "transformed")], "positive")], "exponential")
    return graph.add("Sub", [wide, graph.constant("target_one", np.ones(1))], "values")


class _Graph:
    """The nodes and constants of an ONNX model under construction."""

    def __init__(self, onnx: Any, dtype: np.dtype[Any]) -> None:
        self.onnx, self.dtype = onnx, dtype
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, array: Any) -> str:
        """Add a constant. Return its name."""
        self.constants.append(self.onnx.numpy_helper.from_array(np.array(array), name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node. Return the name of its output."""
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def cast(self, value: str, dtype: np.dtype[Any], output: str) -> str:
        """Add a conversion. Return the name of its output."""
        return self.add("Cast", [value], output, to=self._kind(dtype))

    def _kind(self, dtype: np.dtype[Any]) -> int:
        return int(self.onnx.helper.np_dtype_to_tensor_dtype(dtype))

    def model(self, net: MLP, outputs: list[str]) -> Any:
        """Return the model with these outputs."""
        helper = self.onnx.helper
        inputs = [helper.make_tensor_value_info("x", self._kind(self.dtype), ["rows", net.sizes[0]])]
        wide = np.dtype(np.float64)
        widths = {"probabilities": max(net.sizes[-1], 2) if net.loss == "bce" else net.sizes[-1]}
        infos = [
            helper.make_tensor_value_info(
                name,
                self._kind(wide if name == "values" else self.dtype),
                ["rows", widths.get(name, net.sizes[-1])],
            )
            for name in outputs
        ]
        graph = helper.make_graph(self.nodes, "numba_dropout", inputs, infos, self.constants)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="numba-dropout")
        properties = {"network": net.choices(), "classes": net.classes, "features": net.features, "target": net.target}
        texts = {name: json.dumps(value, default=lambda array: array.tolist()) for name, value in properties.items()}
        helper.set_model_props(model, texts)
        return model


def _library() -> Any:
    try:
        import onnx
    except ImportError:
        raise InputError(missing("export to ONNX requires onnx", "onnx", "onnx")) from None
    return onnx
