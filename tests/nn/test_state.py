"""Parameters as a dictionary."""

import numpy as np
import pytest
from networks import parameters

import numba_dropout as nd
from numba_dropout.nn import buffers, state


def test_state_dict():
    net = nd.MLP([4, 5, 3])
    state = net.state_dict()
    assert {key: value.shape for key, value in state.items()} == {
        "0.weight": (5, 4),
        "0.bias": (5,),
        "1.weight": (3, 5),
        "1.bias": (3,),
    }
    state["1.bias"][:] = [1, 2, 3]
    assert np.array_equal(net.forward(np.zeros((1, 4))), [[1, 2, 3]])
    second = nd.MLP([4, 5, 3], seed=9)
    second.load_state_dict(state)
    assert np.array_equal(parameters(second), parameters(net))
    with pytest.raises(ValueError, match="names"):
        second.load_state_dict({"0.weight": state["0.weight"]})
    with pytest.raises(ValueError, match=r"shape \(5, 4\)"):
        second.load_state_dict({**state, "0.weight": np.zeros((4, 5))})


def test_interrupt_while_buffers_grow(monkeypatch):
    """Ctrl-C comes between two statements: the arrays that kernels write have as many rows as the network says."""
    net = nd.MLP([4, 5, 3])
    workspace = net._state.take()
    workspace.reserve(2)

    def interrupt(net):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(state, "in_plain_tuples", interrupt)
        with pytest.raises(KeyboardInterrupt):
            workspace.reserve(9)
    batch = buffers.Network._fields.index("batch")
    for rows in (2, 9):
        workspace.reserve(rows)
        assert workspace.net.batch.losses.size == rows
        assert all(one is other for one, other in zip(workspace.arrays[batch], workspace.net.batch, strict=True))
