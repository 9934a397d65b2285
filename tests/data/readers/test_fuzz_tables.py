"""Mutated tables: read as pandas reads them, or refused in one line."""

import bz2
import gzip
import io
import lzma
import random
import zipfile

import numpy as np
import pytest
from fuzz_tables import disagreement, mutated

from numba_dropout import data
from numba_dropout.core.errors import InputError


@pytest.mark.parametrize(
    ("first", "count"), [(0, 1_000), pytest.param(1_000, 101_000, marks=pytest.mark.full)], ids=["some", "many"]
)
def test_mutated_tables(first, count, tmp_path):
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "table.csv"

    def read(encoded, options):
        path.write_bytes(encoded)
        return data.read(path, **options)

    for seed in range(first, first + count):
        encoded, options = mutated(seed)
        try:
            wrong = disagreement(encoded, options, read, pandas)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {encoded!r}, {options}") from error
        assert wrong is None, f"seed {seed}: {wrong}: {encoded!r}, {options}"


TEXT = b"a,b,c\n" + b"".join(b"%d,%d.5,x%d\n" % (i, i * 2, i % 3) for i in range(200))


def zipped():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", TEXT)
    return file.getvalue()


def saved():
    file = io.BytesIO()
    np.save(file, np.arange(60.0).reshape(20, 3))
    return file.getvalue()


def written(name):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow" if name == "to_parquet" else "openpyxl")
    file = io.BytesIO()
    getattr(pandas.read_csv(io.BytesIO(TEXT)), name)(file, index=False)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", lambda: gzip.compress(TEXT)),
        ("t.csv", lambda: bz2.compress(TEXT)),
        ("t.csv", lambda: lzma.compress(TEXT)),
        ("t.csv", zipped),
        ("t.npy", saved),
        ("t.parquet", lambda: written("to_parquet")),
        ("t.xlsx", lambda: written("to_excel")),
    ],
    ids=["gzip", "bzip2", "xz", "zip", "npy", "parquet", "xlsx"],
)
def test_mutated_bytes(name, content, tmp_path):
    original = content()
    path = tmp_path / name
    messages = []
    for seed in range(100):
        rng = random.Random(seed)
        encoded = bytearray(original)
        for _ in range(rng.choice([1, 1, 2, 8])):
            encoded[rng.randrange(len(encoded))] = rng.randrange(256)
        path.write_bytes(encoded[: rng.randrange(1, len(encoded))] if rng.random() < 0.2 else encoded)
        try:
            assert data.read(path).width
        except InputError as error:
            messages.append(str(error))
    assert messages
    assert all(len(message.splitlines()) == 1 for message in messages)
