"""What the test of significance says, in numbers."""

from dg_keras.benchmark.summary import Summary
from dg_keras.benchmark.tables.table import Cell, Table


def comparison_table(summary: Summary) -> Table:
    """p, p after Holm's correction, and effect size: held-out domains down, methods across."""
    methods = tuple(method for method in summary.methods if method != summary.baseline)
    rows = []
    for target in summary.targets:
        entries = [summary.entries.get((target, method)) for method in methods]
        compared = [entry.comparison if entry else None for entry in entries]
        texts = [
            "" if c is None else f"{c.p:.3f} / {c.p_holm:.3f} / {c.effect:+.2f}" for c in compared
        ]
        rows.append((Cell(target), *map(Cell, texts)))
    return Table(
        f"Against {summary.baseline}: p, p after Holm's correction, and effect size "
        "(rank-biserial correlation)",
        ("held out", *methods),
        tuple(rows),
    )
