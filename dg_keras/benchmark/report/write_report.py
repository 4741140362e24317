"""The report of one experiment."""

from collections.abc import Sequence
from pathlib import Path

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.records.record import Record
from dg_keras.benchmark.report.page.page import page
from dg_keras.benchmark.report.part_of import part_of
from dg_keras.benchmark.report.replaced_whole import replaced_whole
from dg_keras.benchmark.report.report_part import ReportPart
from dg_keras.benchmark.report.search_part import SearchPart


def write_report(
    folder: Path, config: Config, records: Sequence[Record]
) -> ReportPart | SearchPart:
    """Writes tables, figures and `index.html`, a page with all of them.

    Which these are, `ReportPart.write` and, of a grid search, `SearchPart.write` say. A report that
    fails leaves the old one whole.

    Args:
        folder: Where to write.
        config: The experiment.
        records: Of the runs that have been done, at least one.

    Returns:
        What it shows.
    """
    part = part_of(config, records)
    with replaced_whole(folder, part.OPTIONAL) as made:
        part.write(made)
        (made / "index.html").write_text(page(config.name, [part]), encoding="utf-8")
    return part
