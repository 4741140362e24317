"""What a report shows of an experiment, whichever kind it is."""

from collections.abc import Sequence

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.records.record import Record
from dg_keras.benchmark.report.report_part import ReportPart
from dg_keras.benchmark.report.search_part import SearchPart

FILES = ReportPart.FILES | SearchPart.FILES
"""All that a part may write: an experiment may have been of the other kind before."""


def part_of(
    config: Config, records: Sequence[Record], planned: int | None = None
) -> ReportPart | SearchPart:
    """Computes what there is to show of a comparison, or of a grid search.

    Args:
        config: The experiment.
        records: Of the runs that have been done, at least one.
        planned: How many runs there are to be; None for those that there are records of.
    """
    kind = ReportPart if config.grid is None else SearchPart
    return kind.of(config, records, planned)
