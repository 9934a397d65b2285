"""The choice of a device, and the reasons why there is none, with simulated drivers and devices."""

import contextlib
import importlib.util
from types import SimpleNamespace

import numba
import numpy as np
import pytest
from click.testing import CliRunner
from numba.core import config
from numba_dropout_cli.main import cli

import numba_dropout as nd
from numba_dropout.arrays import devices

NO_DRIVER = "Error at driver init: \n\nCUDA driver library cannot be found.\nEnsure that a compatible NVIDIA driver"
NO_DEVICE = "Error at driver init: Call to cuInit results in CUDA_ERROR_NO_DEVICE (100)"
BROKEN = "Error at driver init: Call to cuInit results in CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)\n"


class Device(contextlib.nullcontext):
    name = b"A card"

    def __init__(self, capability):
        super().__init__()
        self.compute_capability = capability


class Devices(list):
    """Devices with compute capabilities, or a driver that fails to start."""

    def __init__(self, *capabilities, error=None):
        super().__init__(Device(capability) for capability in capabilities)
        self.error = error

    def __len__(self):
        if self.error:
            raise ImportError(self.error)
        return super().__len__()


@pytest.fixture
def machine(monkeypatch):
    """Return a function that simulates devices."""

    def simulate(*capabilities, error=None, installed=True):
        gpus = Devices(*capabilities, error=error)
        context = SimpleNamespace(get_memory_info=lambda: (3 << 30, 4 << 30))
        cuda = SimpleNamespace(gpus=gpus, current_context=lambda: context)
        monkeypatch.setattr(devices, "_usable", set())
        monkeypatch.setattr(numba, "cuda", cuda, raising=False)
        monkeypatch.setattr(config, "ENABLE_CUDASIM", 0)
        monkeypatch.setattr(config, "DISABLE_JIT", 0)
        find = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: (installed or None) if name == "numba_cuda" else find(name)
        )

    return simulate


@pytest.mark.parametrize(
    ("setting", "name", "message"),
    [
        ({"installed": False}, "cuda", "requires numba-cuda: pip install 'numba-cuda[cu13]' cuda-core (or the extra"),
        ({"error": NO_DRIVER}, "cuda", "no CUDA driver: install NVIDIA's (580 or newer; 525 with the extra [cuda12])"),
        ({"error": NO_DEVICE}, "cuda:0", "no CUDA device: the driver shows none (CUDA_VISIBLE_DEVICES may hide it)"),
        ({"error": BROKEN}, "cuda", "the CUDA driver failed to start: Error at driver init: Call to cuInit results in"),
        ({}, "cuda", "there is no device with that number; the driver shows no device"),
    ],
)
def test_why_not(machine, setting, name, message):
    machine(**setting)
    with pytest.raises(ValueError, match=f"^device {name}: ") as raised:
        nd.MLP([4, 3], device=name)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert devices.describe() == f"not available: {str(raised.value).partition(': ')[2]}"
    result = CliRunner().invoke(cli, ["train", "--device", name])
    assert (result.exit_code, result.stderr) == (2, f"Error: {raised.value}\n")


def test_available_devices(machine):
    machine((9, 0), (9, 0))
    assert devices.resolve("cuda") == devices.resolve("auto") == "cuda:0"
    assert devices.resolve("cuda:1", "bf16") == "cuda:1"
    with pytest.raises(
        ValueError, match="device cuda:2: there is no device with that number; the driver shows cuda:0 to"
    ):
        devices.resolve("cuda:2")
    assert devices.describe().startswith("cuda:0 A card, compute capability 9.0, 3 GiB of 4 GiB free; cuda:1 A card")
    machine((9, 0))
    with pytest.raises(ValueError, match="the driver shows cuda:0 only"):
        devices.resolve("cuda:1")


def test_old_device(machine):
    machine((6, 1))
    with pytest.raises(ValueError, match=r"device cuda: compute capability 6.1 is not supported; 7.5 or newer"):
        devices.resolve("cuda")
    assert devices.resolve("auto") == "cpu"
    machine((7, 5))
    with pytest.raises(ValueError, match=r"precision: tf32 needs a device of compute capability 8.0 or newer"):
        devices.resolve("cuda", "tf32")


def test_auto_without_a_device(machine, tmp_path):
    command = ["train", "--epochs", "1", "--out", str(tmp_path / "m.npz")]
    assert CliRunner().invoke(cli, command).exit_code == 0  # compiled before the settings change
    machine(error=NO_DRIVER)
    assert nd.MLP([4, 3], device="auto").device == "cpu"
    result = CliRunner().invoke(cli, [*command, "--device", "auto"])
    assert result.exit_code == 0
    assert "device: using the CPU because CUDA is not available: no CUDA driver" in result.stderr


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:-1", "CUDA", None, 0])
def test_invalid_names(name):
    with pytest.raises(ValueError, match=r"device: expected cpu, cuda, cuda:0, cuda:1, \.\.\. or auto, got"):
        devices.resolve(name)


def test_disabled_jit(machine, monkeypatch):
    machine((9, 0))
    monkeypatch.setattr(config, "DISABLE_JIT", 1)
    assert devices.why_not() == "NUMBA_DISABLE_JIT is set, but CUDA kernels must be compiled"


def test_on_device_of_host_arrays():
    for value in (None, 1, 2.5, [1.0], (1.0,), np.float32(1), np.ones(3), "text"):
        assert not devices.on_device(value)


def test_sample_mask_without_a_device(machine):
    machine(error=NO_DRIVER)
    with pytest.raises(ValueError, match="device cuda: no CUDA driver"):
        nd.sample_mask(8, seed=1, device="cuda")
    assert nd.sample_mask(8, seed=1, device="auto").dtype == bool
