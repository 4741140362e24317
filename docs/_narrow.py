"""Draws figures of several panels for phones: one column of panels, beside the wide figure.

    python -m docs._narrow

draws those that the pages show, from the records of docs/pacs and docs/styleshift.
"""

import re
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dg_keras.benchmark.config.read import read
from dg_keras.benchmark.experiment import Experiment
from dg_keras.benchmark.report import figures
from dg_keras.benchmark.report.summary import Summary

FOLDER = Path(__file__).parent
_CONFIGS = FOLDER.parent / "configs"


def shown() -> Iterator[Path]:
    """The figures that pages show."""
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
    of_comparisons = {path for path in shown() if path.stem in figures.NAMES}
    for folder in sorted({path.parent for path in of_comparisons}):
        (config,) = read(_CONFIGS / f"{folder.name}.yaml").configs
        with tempfile.TemporaryDirectory() as results:
            with tarfile.open(folder.parent / "records.tar.xz") as archive:
                archive.extractall(results, filter="data")
            records = Experiment(config, results=Path(results)).finished()
        drawn = figures.figures_of(config, records, Summary.of(config, records), narrow=True)
        for path in sorted(path for path in of_comparisons if path.parent == folder):
            narrow(path).write_bytes(figures.png(drawn[path.stem]))


if __name__ == "__main__":
    main()
