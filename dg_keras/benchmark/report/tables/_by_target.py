"""How cells that belong to a held-out domain and a method are laid out."""

from collections.abc import Callable, Sequence

from dg_keras.benchmark.report.summary import Summary
from dg_keras.benchmark.report.tables.table import Cell, Table

_ACROSS = 8  # methods; more are not read in a line


def by_target(
    heading: str,
    summary: Summary,
    methods: Sequence[str],
    cell: Callable[[str, str], Cell],
    notes: Sequence[str] = (),
) -> Table:
    """Held-out domains down and methods across; the other way where these would be too many.

    Args:
        heading: What the table shows.
        summary: The experiment's numbers.
        methods: Those to show.
        cell: Called with a target and a method.
        notes: The sentences below the heading.
    """
    # Of all methods, so that the tables of a report are laid out alike.
    if len(summary.methods) <= _ACROSS:
        corner, across, columns = "held out", "method", tuple(methods)
        rows = tuple((Cell(t), *(cell(t, m) for m in methods)) for t in summary.targets)
    else:
        corner, across, columns = "method", "held out", summary.targets
        rows = tuple((Cell(m), *(cell(t, m) for t in summary.targets)) for m in methods)
    return Table(heading, (corner, *columns), rows, tuple(notes), across)
