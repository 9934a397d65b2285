"""Weights from PyTorch's `Sequential` and back, directly and through a file, compared layer by layer.

python docs/examples/from_torch.py
"""

import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

import numba_dropout as nd
from numba_dropout.formats.torch import from_sequential, to_sequential


def main():
    """Convert a PyTorch model, continue its training, and convert it back."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Dropout(0.1),
        torch.nn.Linear(5, 8),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.3),
        torch.nn.Linear(8, 3),
    ).eval()
    x = torch.randn(100, 5)
    net = from_sequential(model, seed=1)
    print("the same rates:   ", (net.input_dropout, net.dropout) == (0.1, [0.3]))

    # layer by layer: layer 0 of the network is module 1 of Sequential, layer 1 is module 4
    weights, hidden = net.weights(), x.numpy()
    for layer, module in ((0, 1), (1, 4)):
        theirs = model[: module + 1](x).detach().numpy()
        ours = nd.linear(hidden, weights[f"{layer}.weight"], weights[f"{layer}.bias"])
        print(f"layer {layer}:          ", np.allclose(ours, theirs, rtol=1e-5, atol=1e-6))
        hidden = nd.relu(ours)
    print("the network:      ", np.allclose(net.forward(x), model(x).detach(), rtol=1e-5, atol=1e-6))

    nd.fit(net, x, (x[:, 0] > 0).to(torch.int64), optimizer=nd.Adam(), epochs=3)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "m.safetensors"
        net.save(file)
        model.load_state_dict(load_file(file))
    print("through a file:   ", np.allclose(net.forward(x), model(x).detach(), rtol=1e-5, atol=1e-6))
    print("as a new model:   ", torch.equal(to_sequential(net).eval()(x), model(x)))


if __name__ == "__main__":
    main()
