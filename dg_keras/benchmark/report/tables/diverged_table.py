"""Which runs came to no result."""

from dg_keras.benchmark.report.summary import Summary
from dg_keras.benchmark.report.tables.table import Cell, Table

_SHOWN = 40  # runs; who has more of them looks into the records


def diverged_table(summary: Summary) -> Table | None:
    """The runs that diverged, and where they did.

    Args:
        summary: The experiment's numbers.

    Returns:
        The table; None where no run diverged.
    """
    if not summary.diverged:
        return None
    rows = []
    for record in summary.diverged[:_SHOWN]:
        where = record.diverged
        if where is None:
            continue
        loss = "" if where.loss is None else f"{where.loss:.4g}"
        texts = [record.method, record.target, record.trial, where.step, where.domain or "", loss]
        rows.append(tuple(Cell(str(text)) for text in texts))
    columns = ("method", "held out", "trial", "step", "domain", "loss")
    left = len(summary.diverged) - len(rows)
    notes = [
        "The step is the number of those that were taken before; the domain, and its loss, "
        "is the first that was infinite or NaN."
    ]
    if left:
        notes.append(f"{left} more diverged.")
    return Table("Runs that diverged", columns, tuple(rows), tuple(notes))
