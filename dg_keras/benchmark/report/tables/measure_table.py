"""The table that a comparison is about: a measure by held-out domain and method."""

from dg_keras.benchmark.report.summary import MEASURES, Entry, Summary
from dg_keras.benchmark.report.tables._by_target import by_target
from dg_keras.benchmark.report.tables.level_notes import level_notes
from dg_keras.benchmark.report.tables.measure_heading import measure_heading
from dg_keras.benchmark.report.tables.table import Cell, Table


def measure_table(summary: Summary, measure: str = MEASURES[0]) -> Table:
    """Mean and standard deviation in percent: held-out domains down, methods across.

    Where the methods are more than eight, they stand down and the domains across. The best means
    per held-out domain are bold. Where the accuracy differs from the baseline's, an asterisk says
    that the difference is significant by itself, a dagger that it survives Holm's correction. A
    cell tells how many runs diverged, and are in no mean.

    Args:
        summary: The experiment's numbers.
        measure: One of `summary.measures`.
    """
    best = {target: summary.best(target, measure) for target in summary.targets}

    def cell(target: str, method: str) -> Cell:
        text = _text(summary.entries.get((target, method)), measure)
        return Cell(text, method in best[target])

    notes = level_notes(summary, measure)
    return by_target(measure_heading(summary, measure), summary, summary.methods, cell, notes)


def _text(entry: Entry | None, measure: str) -> str:
    if entry is None:
        return ""
    if measure not in entry.spreads:
        return "" if entry.trials else "diverged"
    lost = f" ({entry.diverged} diverged)" if entry.diverged else ""
    spread = entry.spreads[measure]
    text = f"{spread.percent:.2f}"
    if spread.deviation is not None:
        text += f" ± {100 * spread.deviation:.2f}"
    compared = entry.comparison
    if measure != MEASURES[0] or compared is None or not compared.is_significant:
        return text + lost
    return text + ("†" if compared.survives_correction else "*") + lost
