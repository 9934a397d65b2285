"""Building blocks that Numba's language lacks, in LLVM IR: the only place that knows registers and the stack."""

from .stack import scratch
from .threads import threads

__all__ = ["scratch", "threads"]
