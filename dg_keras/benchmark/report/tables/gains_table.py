"""How much better than the baseline the methods are, and how well that is known."""

from dg_keras.benchmark.report.summary import MEASURES, Summary
from dg_keras.benchmark.report.tables._by_target import by_target
from dg_keras.benchmark.report.tables.gain_notes import gain_notes
from dg_keras.benchmark.report.tables.level_notes import level_notes
from dg_keras.benchmark.report.tables.measure_heading import measure_heading
from dg_keras.benchmark.report.tables.table import Cell, Table


def gains_table(summary: Summary, measure: str = MEASURES[0]) -> Table:
    """Gains over the baseline with their intervals, in percent points, laid out as the measures.

    A gain is bold where its interval excludes 0.

    Args:
        summary: The experiment's numbers.
        measure: One of `summary.gained`.
    """
    methods = [method for method in summary.methods if method != summary.baseline]

    def cell(target: str, method: str) -> Cell:
        gain = summary.gain(target, method, measure)
        return Cell() if gain is None else Cell(str(gain), bool(gain.excludes_zero))

    shown = measure_heading(summary, measure)
    heading = f"Gain over {summary.baseline}: {shown[0].lower()}{shown[1:]}"
    notes = [*gain_notes(summary), *level_notes(summary, measure)]
    return by_target(heading, summary, methods, cell, notes)
