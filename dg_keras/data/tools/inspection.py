"""What `doctor` found."""

import dataclasses
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import rich.console
from rich.table import Table
from rich.text import Text

from dg_keras.data.tools.skipped_files import Skipped


class Fault(NamedTuple):
    """Something that is wrong with a data set.

    Args:
        kind: What kind of fault it is, "unreadable" or "wrong count", say.
        where: The file, folder or line it is in, relative to the data set's folder.
        what: What is wrong, in words.
    """

    kind: str
    where: str
    what: str


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What is in a data set's folder, and what is wrong with it.

    Args:
        root: The data set's folder.
        name: The known data set it was compared with; None if it is of one's own.
        table: A row per domain: the numbers of `images`, of those `published` (missing where the
            data set is not known), of `classes` and of `unreadable` images.
        faults: What is wrong, nothing if all is well.
        skipped: What else is there and is not read; that is no fault.
    """

    root: Path
    name: str | None
    table: pd.DataFrame
    faults: tuple[Fault, ...]
    skipped: tuple[Skipped, ...] = ()

    def show(self, console: rich.console.Console) -> None:
        """Prints the domains as a table, and what is skipped and the faults as others.

        Args:
            console: Where to print.
        """
        console.print(_as_rich(self.table.reset_index(), f"{self.name or 'images'} in {self.root}"))
        if self.skipped:
            console.print(_as_rich(pd.DataFrame(self.skipped), "not read"))
        if not self.faults:
            console.print("No faults.")
            return
        title = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        console.print(_as_rich(pd.DataFrame(self.faults), title))


def _as_rich(frame: pd.DataFrame, title: str) -> Table:
    # Text, since a file's name may look like rich's markup.
    table = Table(title=Text(title), title_justify="left")
    for column in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[column])
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        table.add_row(*(Text("" if pd.isna(cell) else str(cell)) for cell in row))
    return table
