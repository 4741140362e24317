"""All tables of a report."""

from dg_keras.benchmark.config import Config
from dg_keras.benchmark.summary import Summary
from dg_keras.benchmark.tables.comparison_table import comparison_table
from dg_keras.benchmark.tables.measure_table import measure_table
from dg_keras.benchmark.tables.paper_table import paper_table
from dg_keras.benchmark.tables.table import Table


def tables_of(config: Config, summary: Summary) -> list[Table]:
    """What there is to show of an experiment, accuracy first.

    Args:
        config: The experiment.
        summary: Its numbers.

    Returns:
        A table per measure; that of the tests, where they are possible; and the difference to the
        paper's numbers, where the experiment is the paper's.
    """
    tables = [measure_table(summary, measure) for measure in summary.measures]
    if summary.can_test:
        tables.append(comparison_table(summary))
    published = paper_table(config, summary)
    return tables if published is None else [*tables, published]
