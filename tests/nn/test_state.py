"""Parameters as a dictionary."""

import numpy as np
import pytest
from networks import parameters

import numba_dropout as nd


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
