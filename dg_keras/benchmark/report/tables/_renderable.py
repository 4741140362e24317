"""Tables in a terminal, as wide as there is room."""

import dataclasses
from typing import Literal

import rich.box
import rich.console
import rich.measure
import rich.table
import rich.text

from dg_keras.benchmark.report.tables.table import Cell, Table

_UNLIMITED = 10_000  # characters


@dataclasses.dataclass(frozen=True)
class Renderable:
    """Draws a table: in a pipe or a file as wide as it is, in a terminal no wider than that.

    Where a terminal is too narrow, a deviation goes to a line below its mean.

    Args:
        table: What to draw.
        title: The line above it.
    """

    table: Table
    title: str

    def __rich_console__(
        self, console: rich.console.Console, options: rich.console.ConsoleOptions
    ) -> rich.console.RenderResult:
        wide = self._drawn(" ± ", padding=1)
        unlimited = options.update(width=_UNLIMITED, no_wrap=False, overflow="fold")
        needed = rich.measure.Measurement.get(console, unlimited, wide).maximum
        if not console.is_terminal or needed <= options.max_width:
            yield from console.render(wide, unlimited.update(width=needed))
        else:
            narrow = self._drawn("\n± ", padding=0)
            yield from console.render(narrow, unlimited.update(width=options.max_width))

    def _drawn(self, plus_minus: str, padding: int) -> rich.table.Table:
        drawn = rich.table.Table(
            box=rich.box.SIMPLE_HEAD,
            title=rich.text.Text(self.title, style="bold"),
            title_justify="left",
            show_edge=False,
            pad_edge=False,
            padding=(0, padding),
        )
        for position, name in enumerate(self.table.columns):
            side: Literal["left", "right"] = "right" if position else "left"
            drawn.add_column(rich.text.Text(name), justify=side, overflow="fold")
        for row in self.table.rows:
            drawn.add_row(*(_text(cell, plus_minus) for cell in row))
        return drawn


def _text(cell: Cell, plus_minus: str) -> rich.text.Text:
    # Not markup: a name may hold brackets.
    return rich.text.Text(
        cell.text.replace(" ± ", plus_minus), style="bold" if cell.bold else "", overflow="fold"
    )
