"""All tables of a report."""

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.report.summary import Summary
from dg_keras.benchmark.report.tables.comparison_table import comparison_table
from dg_keras.benchmark.report.tables.diverged_table import diverged_table
from dg_keras.benchmark.report.tables.gains_table import gains_table
from dg_keras.benchmark.report.tables.measure_table import measure_table
from dg_keras.benchmark.report.tables.pairs_table import pairs_table
from dg_keras.benchmark.report.tables.paper_gains_table import paper_gains_table
from dg_keras.benchmark.report.tables.paper_table import paper_table
from dg_keras.benchmark.report.tables.table import Table


def tables_of(config: Config, summary: Summary) -> list[Table]:
    """What there is to show of an experiment, accuracy first.

    Args:
        config: The experiment.
        summary: Its numbers.

    Returns:
        A table per measure; the gains over the baseline, where there are some; the same by
        objective and strategy, where the methods are a cross of both; the paper's beside them,
        where it has them; the tests, where they are possible; the difference to the paper's
        numbers, where the experiment is the paper's; and the runs that diverged, where some did.
    """
    tables: list[Table | None] = [measure_table(summary, measure) for measure in summary.measures]
    gained = {measure for entry in summary.entries.values() for measure in entry.gains}
    tables += [gains_table(summary, measure) for measure in summary.gained if measure in gained]
    tables.append(pairs_table(config, summary))
    tables.append(paper_gains_table(config, summary))
    if summary.can_test:
        tables.append(comparison_table(summary))
    tables.append(paper_table(config, summary))
    tables.append(diverged_table(summary))
    return [table for table in tables if table is not None]
