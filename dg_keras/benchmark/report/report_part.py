"""What a report shows of one experiment."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.records.record import Record
from dg_keras.benchmark.report import figures, tables
from dg_keras.benchmark.report.summary import Summary

_FIGURES = [f"{name}.png" for name in figures.NAMES]


@dataclasses.dataclass(frozen=True)
class ReportPart:
    """An experiment with its numbers, its tables and its figures, all computed once.

    Args:
        config: The experiment, which is no grid search.
        records: Of the runs that have been done.
        summary: Their numbers.
        tables: Accuracy first.
        figures: PNG images, by the names of their files without ending.
    """

    config: Config
    records: Sequence[Record]
    summary: Summary
    tables: list[tables.Table]
    figures: dict[str, bytes]

    FILES: ClassVar[frozenset[str]] = frozenset({"table.md", "table.csv", "table.tex", *_FIGURES})
    """All that `write` may write; there is no figure where there is nothing to show in it."""

    @classmethod
    def of(cls, config: Config, records: Sequence[Record], planned: int | None = None) -> Self:
        """Computes all of it.

        Args:
            config: The experiment, which is no grid search.
            records: Of the runs that have been done, at least one.
            planned: How many runs there are to be; None for those that there are records of.
        """
        summary = Summary.of(config, records, planned)
        drawn = figures.figures_of(config, records, summary)
        images = {name: figures.png(figure) for name, figure in drawn.items()}
        return cls(config, records, summary, tables.tables_of(config, summary), images)

    @property
    def planned(self) -> int:
        """How many runs there are to be."""
        return self.summary.planned

    def write(self, folder: Path) -> None:
        """Writes `table.md`, `table.csv` and `table.tex`, and the figures.

        Args:
            folder: Where to write; it exists.
        """
        name, notes = self.config.name, tables.notes(self.summary)
        markdown = tables.markdown(name, notes, self.tables)
        latex = tables.latex(name, notes, self.tables[0])
        (folder / "table.md").write_text(markdown, encoding="utf-8")
        (folder / "table.tex").write_text(latex, encoding="utf-8")
        self.summary.frame().to_csv(folder / "table.csv", index=False, encoding="utf-8")
        for figure, image in self.figures.items():
            (folder / f"{figure}.png").write_bytes(image)
