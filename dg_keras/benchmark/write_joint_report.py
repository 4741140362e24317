"""The report of several experiments together."""

from collections.abc import Sequence
from pathlib import Path

from dg_keras.benchmark.config import Config
from dg_keras.benchmark.page import page
from dg_keras.benchmark.record import Record
from dg_keras.benchmark.replaced_whole import replaced_whole
from dg_keras.benchmark.report_part import ReportPart
from dg_keras.benchmark.write_search import write_search


def write_joint_report(
    folder: Path, name: str, experiments: Sequence[tuple[Config, Sequence[Record]]]
) -> None:
    """Writes each experiment's tables and figures into a folder of its name, and one page of all.

    Grid searches have files, but no place on the page. A report that fails leaves the old one
    whole.

    Args:
        folder: Where to write.
        name: The page's title.
        experiments: Each with the records of its runs that have been done, at least one.
    """
    parts = []
    with replaced_whole(folder) as made:
        for config, records in experiments:
            own = made / config.name
            own.mkdir()
            if config.grid is not None:
                write_search(own, config, records)
            else:
                parts.append(ReportPart.of(config, records))
                parts[-1].write(own)
        (made / "index.html").write_text(page(name, parts), encoding="utf-8")
