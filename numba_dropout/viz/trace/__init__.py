"""Traces: step-by-step runs of four examples and of saved models, as text or as an HTML page."""

from .page import page, write_page
from .report import Trace
from .run import Choices, trace
from .text import written

__all__ = ["Choices", "Trace", "page", "trace", "write_page", "written"]
