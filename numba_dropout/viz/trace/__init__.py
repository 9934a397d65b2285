"""See how dropout works: four pipelines, as runs that tell what they do."""

from .page import page, write_page
from .report import Trace
from .run import Choices, trace
from .text import written

__all__ = ["Choices", "Trace", "page", "trace", "write_page", "written"]
