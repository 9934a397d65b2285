"""Commands on a CUDA device, or in Numba's simulator."""

import pytest
from commands import ndrop
from numba.core import config

from numba_dropout.arrays import devices

pytestmark = pytest.mark.cuda_device

if not config.ENABLE_CUDASIM and devices.why_not() is not None:
    pytest.skip("needs NUMBA_ENABLE_CUDASIM=1, or a device", allow_module_level=True)


def test_train_predict_and_info(tmp_path):
    table, model = tmp_path / "t.csv", tmp_path / "m.npz"
    table.write_text("a,b,c\n1,2,x\n2,1,y\n3,3,x\n")
    options = ["--hidden", "3", "--epochs", "1", "--batch-size", "2", "--precision", "tf32", "--out", model]
    commands = ["train", table, *options], ["predict", model, table]
    printed = [ndrop(*command, "--device", "cuda").stdout for command in commands]
    assert "seed 0, on cuda:0" in printed[0]
    assert printed[1] == ndrop("predict", model, table).stdout
    assert ndrop("info").stdout.splitlines()[-1].startswith("cuda")
