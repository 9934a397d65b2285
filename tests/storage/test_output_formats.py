"""Formats of output files, by their names."""

import pytest

from numba_dropout.storage.output_formats import JSON_LINES, TABLES, check_format, check_model, ending


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("p.csv", ".csv"),
        ("P.CSV", ".csv"),
        ("a.b/p.csv.gz", ".csv.gz"),
        ("log.jsonl.gz", ".jsonl.gz"),
        ("x.bin.gz", ".gz"),
        ("m.SAFETENSORS", ".safetensors"),
        ("p", ""),
        ("p.v2", ""),
        ("folder.csv/p", ""),
    ],
)
def test_ending(name, expected):
    assert ending(name) == expected


@pytest.mark.parametrize("name", ["p.xlsx", "p.json", "p.jsonl.gz", "p.onnx", "p.pt", "p.npz", "p.npy.gz", "p.csv.xz"])
def test_refused_tables(name):
    with pytest.raises(ValueError, match=rf"{name}: predictions cannot be written as \.\S+; choose a name in \.csv"):
        check_format(name, TABLES, "predictions")


@pytest.mark.parametrize("name", ["p.csv", "p.csv.gz", "p.tsv", "p.NPY", "p.parquet", "p", "p.data"])
def test_tables(name):
    assert check_format(name, TABLES, "predictions") in (*TABLES, "")


@pytest.mark.parametrize("name", ["m.onnx", "m.pt", "m.csv", "m.SAFETENSORS", "m.npz.gz"])
def test_refused_models(name):
    with pytest.raises(ValueError, match=r"a model cannot be written as .*`ndrop export`"):
        check_model(name)


def test_other_outputs():
    for name in ("m.npz", "m.NPZ", "m.safetensors", "m"):
        check_model(name)
    for name in ("log.jsonl", "log.json", "log.txt", "log"):
        check_format(name, JSON_LINES, "a log")
    with pytest.raises(ValueError, match=r"a log cannot be written as \.jsonl\.gz; choose a name in \.jsonl"):
        check_format("log.jsonl.gz", JSON_LINES, "a log")
