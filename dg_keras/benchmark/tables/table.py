"""A table, whatever it will be written as."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Cell:
    """Plain text, not escaped; `bold` for the best of a row."""

    text: str = ""
    bold: bool = False


@dataclasses.dataclass(frozen=True)
class Table:
    """Cells below a heading; the first column names the rows.

    Args:
        heading: What the table shows.
        columns: The columns' names.
        rows: As many cells each as there are columns.
    """

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"`rows` must have {len(self.columns)} cells each. Received: {row}"
                )
