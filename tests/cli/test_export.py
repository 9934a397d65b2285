"""`ndrop export`: models in other formats."""

import subprocess
import sys

import numpy as np
import pytest
from commands import invoke
from networks import network


@pytest.fixture
def x(rng):
    return rng.standard_normal((40, 5)).astype(np.float32)


def test_export(tmp_path, x):
    pytest.importorskip("onnx")
    pytest.importorskip("safetensors")
    net = network()
    net.save(tmp_path / "m.npz")
    onnxruntime = pytest.importorskip("onnxruntime")
    assert invoke("export", tmp_path / "m.npz", "--format", "onnx").exit_code == 0
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(["outputs"], {"x": x})[0], net.outputs(x), rtol=1e-5, atol=1e-5)
    assert invoke("export", tmp_path / "m.npz", "--out", tmp_path / "n.safetensors").exit_code == 0
    assert invoke("export", tmp_path / "n.safetensors", "--out", tmp_path / "back.npz").exit_code == 0
    assert (tmp_path / "back.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()
    for words, message in [
        ([], "--format: expected onnx, safetensors or npz"),
        (["--format", "onnx", "--out", "m.txt"], "--out: expected a name that ends in .onnx, got m.txt"),
        (["--format", "npz", "--mc"], "--mc: only valid with --format onnx"),
        (["--format", "npz"], "m.npz"),
    ]:  # the last would overwrite its input
        result = invoke("export", tmp_path / "m.npz", *words)
        assert result.exit_code == 2
        assert message in result.output
    assert invoke("export", ".", "--format", "onnx").exit_code == 2


@pytest.mark.parametrize(("library", "file"), [("onnx", "m.onnx"), ("safetensors", "m.safetensors")])
def test_missing_extra(library, file, tmp_path):
    network().save(tmp_path / "m.npz")
    code = f"import sys; sys.modules[{library!r}] = None\nfrom numba_dropout_cli.main import cli\ncli()"
    words = ["export", str(tmp_path / "m.npz"), "--out", str(tmp_path / file)]
    process = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert f"requires {library}: pip install {library} (or the extra [{library}])" in process.stderr
    assert len(process.stderr.splitlines()) == 1
    assert not (tmp_path / file).exists()
