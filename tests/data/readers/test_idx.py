"""Reading folders of IDX files, the format of MNIST."""

import gzip
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from idx_files import CODES, encode
from numba_dropout_cli.main import cli

import numba_dropout as nd
from numba_dropout import data
from numba_dropout.data.readers import idx

MNIST = Path(__file__).parents[4] / "shared" / "data" / "mnist"


def images(part):
    rows = {"train": 12, "t10k": 5}[part]
    return (np.arange(rows * 6, dtype=np.uint8) * 3 + len(part)).reshape(rows, 3, 2)


def labels(part):
    return (np.arange(len(images(part)), dtype=np.uint8) % 3) + 4


@pytest.fixture
def folder(tmp_path):
    """Make a folder of the four files."""
    for part in ("train", "t10k"):
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(encode(images(part)))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(encode(labels(part)))
    return tmp_path


def zipped(folder):
    for file in list(folder.iterdir()):
        (folder / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    return folder


@pytest.mark.parametrize("pack", [Path, zipped])
def test_train_and_test_parts(folder, pack):
    dataset = data.load(pack(folder))
    assert np.array_equal(dataset.x, images("train").reshape(12, 6))
    assert dataset.x.dtype == np.uint8
    assert dataset.classes == [4, 5, 6]
    assert np.array_equal(dataset.y, labels("train") - 4)
    assert dataset.pixels
    trained = SimpleNamespace(sizes=[6, 3], classes=dataset.classes, features=None, target=dataset.target)
    test = data.load_for(trained, folder)
    assert np.array_equal(test.x, images("t10k").reshape(5, 6))
    assert np.array_equal(test.y, labels("t10k") - 4)


def test_alternative_file_names(folder):
    for file in list(folder.iterdir()):
        file.rename(folder / file.name.replace("-idx", ".idx"))
    assert len(data.load(folder).x) == 12


@pytest.mark.parametrize("dtype", CODES)
def test_dtypes(tmp_path, dtype):
    array = np.array([[0, 1, 100], [7, 8, 9]], dtype)
    (tmp_path / "file").write_bytes(encode(array))
    actual = idx.read(tmp_path / "file")
    assert np.array_equal(actual, array)
    assert actual.dtype == array.dtype


@pytest.mark.parametrize("kind", ["images", "labels"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_truncated_file(folder, kind, pack):
    file = next(folder.glob(f"train-{kind}*"))
    content = pack(file.read_bytes())
    file.unlink()
    file = file.with_name(file.name + ".gz" * (pack is not bytes))
    for size in range(len(content)):
        file.write_bytes(content[:size])
        with pytest.raises(ValueError, match=f"train-{kind}.*(truncated|damaged|expected an IDX file)"):
            data.load(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"P5 28 28 255\n", "expected an IDX file"),
        (b"\0\0\x07\x01" + struct.pack(">I", 1) + b"\0", "expected an IDX file"),
        (b"\0\0\x08\x00\x01", "damaged"),
        (encode(images("train")) + b"\0", "damaged"),
        (b"\0\0\x08\x03" + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 2**32 - 1), "damaged"),
        (encode(images("t10k")), "5 images and 12 labels in the train part"),
        (encode(images("train")[:0]), "0 images"),
    ],
)
def test_damaged_images(folder, content, message):
    (folder / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        data.load(folder)


def test_no_images(folder):
    (folder / "train-images-idx3-ubyte").write_bytes(encode(images("train")[:0]))
    (folder / "train-labels-idx1-ubyte").write_bytes(encode(labels("train")[:0]))
    with pytest.raises(ValueError, match="expected rows and features"):
        data.load(folder)


@pytest.mark.parametrize("file", ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
def test_missing_file(folder, file):
    (folder / file).unlink()
    with pytest.raises(ValueError, match=f"there is no file {file[:12]}"):
        data.load(folder)


def idx_bytes(shape, content=b"", code=8):
    return bytes([0, 0, code, len(shape)]) + b"".join(struct.pack(">I", size) for size in shape) + content


IMAGES, TAGS = idx_bytes((2, 2, 2), bytes(8)), idx_bytes((2,), b"\0\1")
HEADERS = {
    "sizes that overflow": (idx_bytes((2**32 - 1,) * 3), TAGS, "expected 7922816"),
    "sizes whose product is 2**64": (idx_bytes((2**16,) * 4), TAGS, "expected 1844674407370955"),
    "sizes that overflow beside 0": (idx_bytes((0, *(2**32 - 1,) * 3)), idx_bytes((0,)), "impossible sizes"),
    "too many dimensions": (idx_bytes((1,) * 255, b"\0"), idx_bytes((1,), b"\0"), "impossible sizes"),
    "other numbers of both": (IMAGES, idx_bytes((3,), b"\0\1\2"), "2 images and 3 labels"),
    "labels with a point": (
        IMAGES,
        idx_bytes((2,), np.array([0.5, np.nan], ">f4").tobytes(), 0x0D),
        "expected integer labels",
    ),
}


@pytest.mark.parametrize("case", HEADERS)
def test_wrong_headers(case, tmp_path):
    images, tags, message = HEADERS[case]
    (tmp_path / "train-images-idx3-ubyte").write_bytes(images)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(tags)
    with pytest.raises(ValueError, match=message):
        nd.data.load(tmp_path)


def test_commands(folder, tmp_path):
    out = str(tmp_path / "m.npz")
    train = CliRunner().invoke(cli, ["train", str(folder), "--hidden", "4", "--epochs", "1", "--out", out])
    assert train.exit_code == 0, train.output
    assert "12 rows, 6 features, 3 classes" in train.stdout
    result = CliRunner().invoke(cli, ["predict", out, str(folder)])
    assert result.exit_code == 0
    predictions = result.stdout.split()[1:]
    assert len(predictions) == 5
    assert set(predictions) <= {"4", "5", "6"}


@pytest.mark.skipif(not MNIST.is_dir(), reason="MNIST is not beside this repository, in shared/data/mnist")
def test_mnist():
    train, labels = idx.read_part(MNIST, "train")
    test, _ = idx.read_part(MNIST, "test")
    assert (train.shape, test.shape) == ((60000, 784), (10000, 784))
    assert labels[:5].tolist() == [5, 0, 4, 1, 9]
