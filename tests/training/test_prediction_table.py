"""Tables of predictions, as CSV and as NumPy files."""

import numpy as np

from numba_dropout.training import prediction_table


def test_class_named_like_a_column(tmp_path):
    found = prediction_table.Predictions(
        np.array(["std"]), np.array([[0.9, 0.1]]), ["prediction", "std", "std"], named=True
    )
    found.write(tmp_path / "p.npy")
    assert np.load(tmp_path / "p.npy").dtype.names == ("prediction", "std", "class std")
