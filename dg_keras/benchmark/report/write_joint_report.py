"""The report of several experiments together."""

from collections.abc import Sequence
from pathlib import Path

from dg_keras.benchmark.report.page.page import page
from dg_keras.benchmark.report.part_of import FILES
from dg_keras.benchmark.report.replaced_whole import replaced_whole
from dg_keras.benchmark.report.report_part import ReportPart
from dg_keras.benchmark.report.search_part import SearchPart


def write_joint_report(folder: Path, name: str, parts: Sequence[ReportPart | SearchPart]) -> None:
    """Writes each experiment's tables and figures into a folder of its name, and one page of all.

    A report that fails leaves the old one whole.

    Args:
        folder: Where to write.
        name: The page's title.
        parts: What it shows of each experiment, from `part_of`.
    """
    files = [f"{part.config.name}/{file}" for part in parts for file in FILES]
    with replaced_whole(folder, files) as made:
        for part in parts:
            own = made / part.config.name
            own.mkdir()
            part.write(own)
        (made / "index.html").write_text(page(name, parts), encoding="utf-8")
