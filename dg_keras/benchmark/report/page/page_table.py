"""A table in the form in which it fits a page."""

import dataclasses
from typing import Self

from dg_keras.benchmark.report.tables import Cell, Table


@dataclasses.dataclass(frozen=True)
class PageTable:
    """A table with methods down, since there are more of them than held-out domains.

    Args:
        heading: What it shows.
        unit: Of the cells, above the columns' names; empty where the names have theirs.
        columns: The columns' names.
        rows: As many cells each as there are columns.
        notes: Sentences that say how to read it.
    """

    heading: str
    unit: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, table: Table, unit: str = "") -> Self:
        """The table, turned where its columns are methods.

        Args:
            table: A report's.
            unit: Of the cells.
        """
        if table.across != "method":
            return cls(table.heading, unit, table.columns, table.rows, table.notes)
        lines = [[Cell(name) for name in table.columns], *table.rows]
        head, *rows = zip(*lines, strict=True)
        columns = (table.across, *(cell.text for cell in head[1:]))
        return cls(table.heading, unit, columns, tuple(rows), table.notes)
