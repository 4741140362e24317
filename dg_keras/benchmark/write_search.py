"""The report of a grid search: tables, heat maps, and the choice as a config."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from dg_keras.benchmark import figures, tables
from dg_keras.benchmark.chosen_config import chosen_config
from dg_keras.benchmark.config import Config
from dg_keras.benchmark.grid_means import grid_means
from dg_keras.benchmark.record import Record


def write_search(folder: Path, config: Config, records: Sequence[Record]) -> None:
    """Writes `grid.csv`, `grid.md`, `grid.png`, and `chosen.yaml`, a config that can be run.

    Args:
        folder: Where to write; it exists.
        config: The experiment, with a `grid`.
        records: Of the runs that have been done.
    """
    means = grid_means(config, records)
    means.to_csv(folder / "grid.csv", index=False, encoding="utf-8")
    note = "Mean accuracy on the sources' validation parts in percent; nothing was tested."
    document = tables.markdown(config.name, [note], tables.search_tables(config, means))
    (folder / "grid.md").write_text(document, encoding="utf-8")
    (folder / "grid.png").write_bytes(figures.png(figures.heat_maps(config, means)))
    chosen = chosen_config(config, means).model_dump(mode="json", exclude={"grid"})
    text = yaml.safe_dump(chosen, sort_keys=False, allow_unicode=True)
    (folder / "chosen.yaml").write_text(text, encoding="utf-8")
