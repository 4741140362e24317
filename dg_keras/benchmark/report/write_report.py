"""The report of one experiment."""

from pathlib import Path

from dg_keras.benchmark.report.page.page import page
from dg_keras.benchmark.report.part_of import FILES
from dg_keras.benchmark.report.replaced_whole import replaced_whole
from dg_keras.benchmark.report.report_part import ReportPart
from dg_keras.benchmark.report.search_part import SearchPart


def write_report(folder: Path, part: ReportPart | SearchPart) -> None:
    """Writes tables, figures and `index.html`, a page with all of them.

    Which these are, `ReportPart.write` and, of a grid search, `SearchPart.write` say. A report that
    fails leaves the old one whole.

    Args:
        folder: Where to write.
        part: What it shows, from `part_of`.
    """
    with replaced_whole(folder, FILES) as made:
        part.write(made)
        (made / "index.html").write_text(page(part.config.name, [part]), encoding="utf-8")
