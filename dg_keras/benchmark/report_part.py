"""What a report shows of one experiment."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from dg_keras.benchmark import figures, tables
from dg_keras.benchmark.config import Config
from dg_keras.benchmark.record import Record
from dg_keras.benchmark.summary import Summary


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

    @classmethod
    def of(cls, config: Config, records: Sequence[Record]) -> Self:
        """Computes all of it.

        Args:
            config: The experiment, which is no grid search.
            records: Of the runs that have been done, at least one.
        """
        summary = Summary.of(config, records)
        results = [record for record in records if not record.diverged]
        drawn = {
            "accuracy": figures.box_plots(results, summary),
            "gains": figures.gains(config, summary),
            "pairs": figures.pair_gains(config, summary),
            "similarity": figures.similarity_curves(results),
            "conflict": figures.conflict_maps(results),
            "training": figures.training_curves(results),
        }
        images = {name: figures.png(f) for name, f in drawn.items() if f is not None}
        return cls(config, records, summary, tables.tables_of(config, summary), images)

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
