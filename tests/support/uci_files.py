"""A small folder in the format of the published UCI splits."""

import numpy as np

FILES = {
    "index_features": "0\n1.0\n2\n",
    "index_target": "4\n",
    "index_test_0": "3\n17\n25\n",
    "index_test_1": "0\n1\n2\n4\n",
    "n_splits": "2\n",
    "n_hidden": "5\n",
    "n_epochs": "1\n",
    "dropout_rates": "0.01\n0.3",
    "tau_values": "0.5\n 4",
}


def write_uci(folder, rng):
    """Write a table of 40 rows and 5 columns, and two splits."""
    table = rng.standard_normal((40, 5))
    table[:, 4] = 3 * table[:, 0] - table[:, 1] + 0.5 * rng.standard_normal(40)
    np.savetxt(folder / "data.txt", table)
    for name, text in FILES.items():
        (folder / f"{name}.txt").write_text(text)
    for number in range(2):
        test = np.loadtxt(folder / f"index_test_{number}.txt", dtype=int)
        np.savetxt(folder / f"index_train_{number}.txt", rng.permutation(np.setdiff1d(np.arange(40), test)))
