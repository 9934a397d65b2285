"""A trace as plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from .report import Bars, Block, Question, Section, Table, Trace

__all__ = ["written"]

WIDTH = 100
BAR = 40


def written(trace: Trace) -> str:
    """Return a trace as text: sections, then the questions with their answers."""
    lines = [trace.title, "=" * len(trace.title), "", *textwrap.wrap(trace.about, WIDTH), ""]
    for section in trace.sections:
        lines += _section(section)
    for index, question in enumerate(trace.questions, 1):
        lines += _question(index, question)
    return "\n".join(lines).rstrip() + "\n"


def _section(section: Section) -> list[str]:
    """Return the lines of a section: its title and its blocks."""
    lines = [section.title, "-" * len(section.title), ""]
    for block in section.blocks:
        block_lines = list(_block(block))
        lines += [*block_lines, ""] if block_lines else []
    return lines


def _block(block: Block) -> Iterator[str]:
    """Yield the lines of a block. A curve has none: a table shows its numbers."""
    if isinstance(block, str):
        yield from textwrap.wrap(block, WIDTH)
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Bars):
        yield from _bars(block)


def _table(table: Table) -> Iterator[str]:
    """Yield the lines of a table, with its columns aligned."""
    rows = [table.head, *table.rows] if any(table.head) else table.rows
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _bars(bars: Bars) -> Iterator[str]:
    """Yield the title of a bar chart, and a line for each bar."""
    largest = max(bars.values) or 1.0
    width = max(len(label) for label in bars.labels)
    yield f"  {bars.title}"
    for label, value in zip(bars.labels, bars.values, strict=True):
        yield f"  {label.rjust(width)} |{'*' * round(BAR * value / largest)} {value:.3f}"


def _question(index: int, question: Question) -> list[str]:
    """Return the lines of a question, its answers and its solution."""
    title = f"Question {index}: {question.text}"
    lines = [*textwrap.wrap(title, WIDTH), ""]
    for letter, answer in zip("ABCD", question.answers, strict=False):
        lines.append(f"  {letter}  {answer}")
    solution = f"{'ABCD'[question.right]}. {question.reason} {question.evidence}"
    return [*lines, "", *textwrap.wrap(solution, WIDTH, initial_indent="  ", subsequent_indent="  "), ""]
