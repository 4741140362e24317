"""What the test of significance says, in numbers."""

from dg_keras.benchmark.report.summary import Summary
from dg_keras.benchmark.report.tables.table import Cell, Table


def comparison_table(summary: Summary) -> Table:
    """p, p after Holm's correction, and effect size: a row per held-out domain and method."""
    compared = [
        (target, method, summary.entries[target, method].comparison)
        for target in summary.targets
        for method in summary.methods
        if (target, method) in summary.entries
    ]
    rows = [
        (target, method, _p(c.p), _p(c.p_holm), f"{c.effect:+z.2f}")
        for target, method, c in compared
        if c is not None
    ]
    return Table(
        f"Against {summary.baseline}: paired, two-sided Wilcoxon test",
        ("held out", "method", "p", "p after Holm", "effect size"),
        tuple(tuple(map(Cell, texts)) for texts in rows),
        ("The effect size is the rank-biserial correlation, above 0 where the method is better.",),
    )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
