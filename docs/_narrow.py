"""Draws figures of several panels for phones: one column of panels, beside the wide figure.

    python -m docs._narrow

draws those that the pages show, from the records of docs/pacs and docs/styleshift.
"""

import re
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.config.read import read
from dg_keras.benchmark.experiment import Experiment
from dg_keras.benchmark.records.record import Record
from dg_keras.benchmark.report import figures
from dg_keras.benchmark.report.summary import Summary

FOLDER = Path(__file__).parent
_CONFIGS = FOLDER.parent / "configs"
_FIGURES: dict[str, Callable[[Config, Sequence[Record]], Figure | None]] = {
    "gains": lambda config, records: figures.gains(
        config, Summary.of(config, records), narrow=True
    ),
    "pairs": lambda config, records: figures.pair_gains(
        config, Summary.of(config, records), narrow=True
    ),
    "similarity": lambda _, records: figures.similarity_curves(records, narrow=True),
    "conflict": lambda _, records: figures.conflict_maps(records, narrow=True),
    "training": lambda _, records: figures.training_curves(records, narrow=True),
}
"""By the name of the wide figure's file; a grid search's is narrow enough."""


def shown() -> Iterator[Path]:
    """The figures that pages show, of experiments."""
    for page in sorted(FOLDER.rglob("*.md")):
        for picture in re.findall(r"!\[[^]]*\]\((\S+\.png)\)", page.read_text(encoding="utf-8")):
            yield (page.parent / picture).resolve()


def narrow(path: Path) -> Path:
    """Where the narrow figure is, beside the wide one.

    Args:
        path: The wide figure's.
    """
    return path.with_suffix(".narrow.png")


def main() -> None:
    """Draws them, and writes them."""
    for path in shown():
        if path.stem not in _FIGURES:
            continue
        (config,) = read(_CONFIGS / f"{path.parent.name}.yaml").configs
        with tempfile.TemporaryDirectory() as results:
            with tarfile.open(path.parents[1] / "records.tar.xz") as archive:
                archive.extractall(results, filter="data")
            records = Experiment(config, results=Path(results)).finished()
        figure = _FIGURES[path.stem](config, [r for r in records if not r.diverged])
        if figure is None:
            raise ValueError(f"{path}: its records have nothing to show in it")
        narrow(path).write_bytes(figures.png(figure))


if __name__ == "__main__":
    main()
