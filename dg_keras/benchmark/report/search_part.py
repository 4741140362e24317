"""What a report shows of a grid search."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import pandas as pd

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.config.dump_yaml import dump_yaml
from dg_keras.benchmark.records.record import Record
from dg_keras.benchmark.report import figures, tables
from dg_keras.benchmark.report.chosen_config import chosen_config
from dg_keras.benchmark.report.grid_means import grid_means


@dataclasses.dataclass(frozen=True)
class SearchPart:
    """A grid search with its numbers, its tables and its figure, all computed once.

    Args:
        config: The experiment, with a `grid`.
        records: Of the runs that have been done.
        planned: How many runs there are to be.
        means: From `grid_means`.
        tables: The settings that were chosen, and all that were tried.
        figures: A PNG image, by the name of its file without ending, where there are settings to
            compare.
    """

    config: Config
    records: Sequence[Record]
    planned: int
    means: pd.DataFrame
    tables: list[tables.Table]
    figures: dict[str, bytes]

    FILES: ClassVar[frozenset[str]] = frozenset({"grid.md", "grid.csv", "grid.png", "chosen.yaml"})
    """All that `write` may write; the last two where there is something to compare, or chosen."""

    @classmethod
    def of(cls, config: Config, records: Sequence[Record], planned: int | None = None) -> Self:
        """Computes all of it.

        Args:
            config: The experiment, with a `grid`.
            records: Of the runs that have been done, at least one.
            planned: How many runs there are to be; None for those that there are records of.
        """
        means = grid_means(config, records)
        shown = list(tables.search_tables(config, means))
        images = {}
        if len(config.search.settings) > 1:  # of a single one there is no map
            images["grid"] = figures.png(figures.heat_maps(config, means))
        planned = len(records) if planned is None else planned
        return cls(config, records, planned, means, shown, images)

    @property
    def notes(self) -> list[str]:
        """What a reader must know to read the tables."""
        skipped = max(record.skipped_images for record in self.records)
        return [*tables.search_notes(self.means, self.planned), *tables.left_out(skipped)]

    def write(self, folder: Path) -> None:
        """Writes `grid.csv`, `grid.md`, `grid.png`, and `chosen.yaml`, a config that can be run.

        The last is not there where nothing could be chosen, or runs are missing, with which the
        choice may be another.

        Args:
            folder: Where to write; it exists.
        """
        self.means.to_csv(folder / "grid.csv", index=False, encoding="utf-8")
        document = tables.markdown(self.config.name, self.notes, self.tables)
        (folder / "grid.md").write_text(document, encoding="utf-8")
        for figure, image in self.figures.items():
            (folder / f"{figure}.png").write_bytes(image)
        chosen = chosen_config(self.config, self.means)
        if chosen is not None and len(self.records) >= self.planned:
            content = dump_yaml(chosen.model_dump(mode="json", exclude={"grid"}))
            (folder / "chosen.yaml").write_text(content, encoding="utf-8")
