"""Text files: compression by content, encodings, streams, and lines."""

import bz2
import gzip
import io
import lzma
import os
import re
import sys
import threading
import zipfile

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout import data
from numba_dropout.core.errors import InputError

TEXT = "größe,kind\n1.5,cat\n2.5,猫\n"


def zipped(*contents):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for i, content in enumerate(contents):
            archive.writestr(f"{i}.csv", content)
    return file.getvalue()


def check(table):
    assert table.names == ["größe", "kind"]
    assert [table.texts(0), table.texts(1)] == [["1.5", "2.5"], ["cat", "猫"]]


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.bz2", "t.zip"])
@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zipped], ids=["plain", "gzip", "bzip2", "xz", "zip"]
)
def test_compression_by_content(write, name, pack):
    check(data.read(write(pack(TEXT.encode()), name)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_marks_of_encodings(write, encoding, pack):
    check(data.read(write(pack(TEXT.replace("\n", "\r\n").encode(encoding)))))


def test_big_endian(write):
    check(data.read(write(b"\xfe\xff" + TEXT.encode("utf-16-be"))))
    check(data.read(write(TEXT.encode("utf-16-be")), encoding="utf-16-be"))


def test_given_encoding(write):
    path = write("größe,kind\n1.5,é\n2.5,b\n".encode("cp1252"))
    assert data.read(path, encoding="latin-1").names == ["größe", "kind"]
    with pytest.raises(ValueError, match=r"in UTF-8, got another .* try encoding='latin-1'"):
        data.read(path)
    with pytest.raises(ValueError, match="not text in the encoding ascii; try encoding="):
        data.read(path, encoding="ascii")
    check(data.read(write(b"\xef\xbb\xbf" + TEXT.encode()), encoding="UTF8"))


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(TEXT.encode() * 99)[:-20],
        gzip.compress(TEXT.encode())[:-4],
        bz2.compress(TEXT.encode() * 99)[:-20],
        lzma.compress(TEXT.encode() * 99)[:-20],
        zipped(TEXT)[:-20],
    ],
)
def test_damaged(write, content):
    with pytest.raises(ValueError, match="truncated or damaged"):
        data.read(write(content))


def test_archives_of_other_contents(write):
    with pytest.raises(ValueError, match="expected one file in the archive, got 2"):
        data.read(write(zipped(TEXT, TEXT)))
    with pytest.raises(ValueError, match="the file is empty"):
        data.read(write(gzip.compress(b"")))


def test_wide_characters_without_a_mark(write):
    with pytest.raises(ValueError, match=r"NUL byte in row 1; .* encoding='utf-16-le'"):
        data.read(write("a,b\n1,2\n".encode("utf-16-le")))


def test_no_file(tmp_path):
    with pytest.raises(ValueError, match="no such file or folder"):
        data.read(tmp_path / "t.csv")
    with pytest.raises(ValueError, match="expected a file, got a folder"):
        data.read(tmp_path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zipped], ids=["plain", "gzip", "zip"])
def test_standard_input(monkeypatch, pack):
    stream = io.TextIOWrapper(io.BytesIO(pack(TEXT.encode())))
    monkeypatch.setattr(sys, "stdin", stream)
    check(data.read("-"))
    assert not stream.buffer.closed


def test_standard_input_of_text(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(TEXT))
    check(data.read("-"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs")
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zipped], ids=["plain", "gzip", "zip"])
def test_fifo(tmp_path, pack):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(pack(TEXT.encode()),))
    writer.start()
    check(data.read(path))
    writer.join()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["a", "größe", "\u0101\u00ff"])
def test_utf_16_without_a_mark(write, encoding, name):
    """The message names the encoding, whether the bytes are text in UTF-8 or not."""
    path = write(f"{name},b\n1,2\n3,4\n5,6\n".encode(encoding))
    with pytest.raises(ValueError, match=f"UTF-16 .*without a mark.* encoding='{encoding}'$"):
        data.read(path)
    assert data.read(path, encoding=encoding).names == [name, "b"]


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        ("größe,y\n1,2\n".encode("latin-1"), "try encoding='latin-1'"),
        ("größe €,y\n1,2\n".encode("cp1252"), "try encoding='cp1252'"),
        (b"\x80\x04\x95\x00\x01\x00\xff\n", "got a binary file"),
    ],
)
def test_advice_for_bytes_that_are_not_utf_8(write, content, advice):
    with pytest.raises(ValueError, match=advice):
        data.read(write(content))


@pytest.mark.parametrize("end", ["\x1a", "\x1a\n", "\0\0\0"])
def test_padding_after_the_text(tmp_path, end):
    (source := tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n" + end)
    assert data.read(source).matrix.tolist() == [[1, 2], [3, 4]]


def test_more_lines_skipped_than_there_are(tmp_path):
    (source := tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"expected rows below line 9, got none; give a smaller skip=...$"):
        data.read(source, skip=9)


@pytest.mark.parametrize(
    ("text", "comment"), [(" a | b \n---+---\n 1 | 2 \n 3 | 4\n", "--"), ("+---+---+\n| a | b |\n+---+---+\n", "+-")]
)
def test_rules_between_rows(tmp_path, text, comment):
    (source := tmp_path / "t.txt").write_text(text + "| 5 | 6 |\n" * (comment == "+-"))
    with pytest.raises(InputError, match=f"is a rule, .*comment='{re.escape(comment)}' leaves out the lines"):
        data.read(source)
    assert data.read(source, comment=comment).names[-2:] == ["a", "b"]


def test_sources_that_are_no_paths():
    for source, mend in (
        ([[1, 2]], "got list; convert it with numpy.array"),
        (io.StringIO("a"), "read it with pandas"),
    ):
        for function in (data.read, data.load, nd.train):
            with pytest.raises(TypeError, match=f"source: expected a path, .*{mend}"):
                function(source)


def test_python_objects(tmp_path):
    np.save(tmp_path / "t.npy", np.array([[1, "a"]], object))
    with pytest.raises(InputError, match="expected numbers in the table, got Python objects"):
        data.read(tmp_path / "t.npy")


def test_targets_that_are_no_names():
    x = np.arange(12.0).reshape(4, 3)
    with pytest.raises(TypeError, match="expected the name or the number of a column, got ndarray"):
        nd.train(x, x[:, 0])
    with pytest.raises(InputError, match="val: expected a number between 0 and 1, got 'a'"):
        nd.train(x, val="a")
