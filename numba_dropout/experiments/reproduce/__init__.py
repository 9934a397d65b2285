"""Reproductions of published results, from the published files."""

from .mnist import ROWS, Table, table2
from .sizes import Sizes, sizes
from .uci import Split, Study, Uci, uci

__all__ = ["ROWS", "Sizes", "Split", "Study", "Table", "Uci", "sizes", "table2", "uci"]
