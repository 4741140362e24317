"""What each objective gains with each strategy."""

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.report.pairs import Pairs
from dg_keras.benchmark.report.summary import Summary
from dg_keras.benchmark.report.tables.gain_notes import gain_notes
from dg_keras.benchmark.report.tables.table import Cell, Table


def pairs_table(config: Config, summary: Summary) -> Table | None:
    """Gains in accuracy over the baseline, averaged over the held-out domains.

    Args:
        config: The experiment.
        summary: Its numbers.

    Returns:
        Objectives down, strategies across; None where the methods are no cross of both, or none has
        been run beside the baseline.
    """
    pairs = Pairs.of(config)
    if pairs is None or not summary.comparisons:
        return None
    shown = summary.targets[-1]  # the average, where there is one

    def cell(objective: str, strategy: str) -> Cell:
        method = pairs.methods[objective, strategy]
        if method == summary.baseline:
            return Cell("baseline")
        gain = summary.gain(shown, method)
        return Cell() if gain is None else Cell(str(gain), bool(gain.excludes_zero))

    return Table(
        f"Gain over {summary.baseline} by objective and strategy: {shown}",
        ("objective", *pairs.strategies),
        tuple((Cell(o), *(cell(o, s) for s in pairs.strategies)) for o in pairs.objectives),
        tuple(gain_notes(summary)),
        across="strategy",
    )
