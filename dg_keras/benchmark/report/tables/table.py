"""A table, whatever it will be written as."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Cell:
    """Plain text, not escaped; `bold` for what stands out, such as the best."""

    text: str = ""
    bold: bool = False


@dataclasses.dataclass(frozen=True)
class Table:
    """Cells below a heading; the first column names the rows.

    Args:
        heading: What the table shows.
        columns: The columns' names.
        rows: As many cells each as there are columns.
        notes: Sentences that say how to read it, plain text each.
        across: What each of the columns behind the first is, such as "method"; empty where they
            are not of one kind.
    """

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    across: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"`rows` must have {len(self.columns)} cells each. Received: {row}"
                )
