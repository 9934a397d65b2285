"""The memory of training on MNIST, whose pixels stay bytes and are converted batch by batch.

python -m numba_dropout_bench.mnist_memory FOLDER

The measured process trains an epoch of the max-norm network of the table, with checkpoints and a final evaluation on
the test images. The memory before is that of the same process after compiling the kernels on a few rows. Linux only,
because it reads and resets the counters in /proc.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import numba_dropout as nd
from numba_dropout import data
from numba_dropout.experiments import environment
from numba_dropout.experiments.config import TrainConfig, build
from numba_dropout.experiments.reproduce import ROWS
from numba_dropout.storage import files

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
EVERY = 200  # steps between checkpoints
PROGRAM = "python -m numba_dropout_bench.mnist_memory"
CONFIG = replace(ROWS["max-norm"], epochs=1)


def _mib(name: str) -> float:
    """Return the memory of the process (VmRSS) or its peak (VmHWM) in MiB."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def train(source: Any, test: Any, folder: Path, config: TrainConfig = CONFIG) -> None:
    """Train on a data set or a folder, and validate on other rows."""
    run = build(source, config)
    held_out = test if isinstance(test, data.Dataset) else data.load_for(run.net, test)
    checkpoints = nd.Checkpoint(folder / f"{len(run.train.x)}.npz", EVERY)
    replace(run, validation=held_out).fit(callbacks=[checkpoints])


def measured(folder: str) -> dict[str, Any]:
    """Return the memory before training and its peak, in MiB."""
    small = data.Dataset("few", np.zeros((240, 784), np.uint8), np.arange(240) % 10, list(range(10)), pixels=True)
    with tempfile.TemporaryDirectory() as temporary:
        train(small, small, Path(temporary), replace(CONFIG, hidden=(8, 8, 8)))
        RESET.write_text("5")
        before = _mib("VmRSS")
        train(folder, folder, Path(temporary))
        peak = _mib("VmHWM")
    return {
        "before_mib": before,
        "most_mib": peak,
        "training_mib": peak - before,
        **environment.provenance(CONFIG.seed, PROGRAM),
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: {PROGRAM} FOLDER")
    sys.stdout.write(files.json_text(measured(sys.argv[1])) + "\n")
