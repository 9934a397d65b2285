"""Last rows that are totals."""

import pytest

from numba_dropout import data

ROWS = "".join(f"{'uvw'[i % 3]},{i}\n" for i in range(12))


@pytest.mark.parametrize("word", ["Total", "GRAND TOTAL", "Sum:", "average", "Summe", "Gesamt", "somme", "suma"])
def test_a_total_in_the_last_row(write, word):
    path = write(f"a,b\n{ROWS}{word},66\n")
    note = f"warning: the last row has {word!r} in column 1 ('a'); skip_footer=1 leaves it out"
    assert data.read(path).notes == [note]
    assert note in data.load(path).notes
    assert len(data.read(path, skip_footer=1)) == 12


def test_a_total_in_a_frame():
    columns = {"x": list(range(6)), "kind": ["a", "b", "a", "b", "a", "total"]}
    assert data.read(columns).notes == ["warning: the last row has 'total' in column 2 ('kind'); take it out"]


@pytest.mark.parametrize(
    "content",
    [
        f"a,b\n{ROWS}x,66\n",
        f"a,b\n{ROWS}Totals of x,66\n",
        f"a,b\nTotal,3\n{ROWS}Total,66\n",
        f"b,a,c\n1,u,k\n{''.join(f'{i},v,k' + chr(10) for i in range(8))}66,w,Total\n",
        "a,b\nu,1\nTotal,1\n",
    ],
    ids=["word", "text", "level", "later column", "few rows"],
)
def test_no_total(write, content):
    assert not [note for note in data.read(write(content)).notes if "last row" in note]


def test_a_total_is_no_missing_value(write):
    """Messages about its cell do not advise to read it as missing."""
    path = write("a,b,y\n" + "".join(f"{i / 7},{i % 4},{i % 5 / 2}\n" for i in range(50)) + "Total,9,3.5\n")
    with pytest.raises(ValueError, match="got 'Total'; take its row out of the table, or skip_footer=1 leaves out the"):
        data.load(path)
