"""Tables for a Markdown file."""

import re
from collections.abc import Sequence

from dg_keras.benchmark.report.tables.table import Cell, Table


def markdown(title: str, paragraphs: Sequence[str], tables: Sequence[Table]) -> str:
    """A document: a heading, paragraphs, and tables in the form that GitHub reads.

    Args:
        title: The heading, plain text.
        paragraphs: Plain text each.
        tables: Below them, each with its heading and its notes.
    """
    parts = [f"# {_escaped(title)}", *map(_escaped, paragraphs)]
    for table in tables:
        parts += [f"## {_escaped(table.heading)}", *map(_escaped, table.notes), _table(table)]
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    """The table, its columns padded so that the source can be read too."""
    lines = [[_escaped(name) for name in table.columns]]
    lines += [[_cell(cell) for cell in row] for row in table.rows]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    padded = [
        "| " + " | ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    rule = "|" + "|".join(":" + "-" * (width + 1) for width in widths) + "|"
    return "\n".join([padded[0], rule, *padded[1:]])


def _cell(cell: Cell) -> str:
    text = _escaped(cell.text)
    return f"**{text}**" if cell.bold else text


def _escaped(text: str) -> str:
    """The text with what Markdown would read otherwise, and GitHub as mathematics or a table."""
    return re.sub(r"([\\`*_{}\[\]<>|$~&])", r"\\\1", re.sub(r"\s+", " ", text))
