"""The folder of small tables with their right values, beside the repository, if it is there."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "shared" / "tables"
ISLP = FOLDER.parent / "data" / "islp"

needs_tables = pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder shared/tables is not here")


def table(name):
    """Return the path of a table."""
    return FOLDER / f"{name}.csv"
