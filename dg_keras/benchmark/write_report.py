"""The report of one experiment."""

from collections.abc import Sequence
from pathlib import Path

from dg_keras.benchmark.config import Config
from dg_keras.benchmark.page import page
from dg_keras.benchmark.record import Record
from dg_keras.benchmark.replaced_whole import replaced_whole
from dg_keras.benchmark.report_part import ReportPart
from dg_keras.benchmark.write_search import write_search


def write_report(folder: Path, config: Config, records: Sequence[Record]) -> None:
    """Writes tables, figures and `index.html`, a page with all of them; see `ReportPart.write`.

    Of a grid search, what `write_search` writes. A report that fails leaves the old one whole.

    Args:
        folder: Where to write.
        config: The experiment.
        records: Of the runs that have been done, at least one.
    """
    with replaced_whole(folder) as made:
        if config.grid is not None:
            write_search(made, config, records)
            return
        part = ReportPart.of(config, records)
        part.write(made)
        (made / "index.html").write_text(page(config.name, [part]), encoding="utf-8")
