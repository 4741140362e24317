"""What an experiment must know of its images before it uses them."""

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from PIL import Image

from dg_keras import data as datasets
from dg_keras.common.shown_path import shown_path
from dg_keras.data.feeding.read_image import read_content
from dg_keras.data.tables.manifest import read_manifest

_CELL = 10  # images per class and domain: enough for each split to have one
_SIDE = 32  # pixels


@dataclasses.dataclass(frozen=True)
class Inventory:
    """The domains and classes of a data set, which may not be there.

    Args:
        counts: The number of images of each domain.
        classes: The classes' names.
        table: One row per image, with `path`, `domain`, `class`, `split` and `sha256`, the file's
            digest; None where the images are known by their number alone.
    """

    counts: Mapping[str, int]
    classes: tuple[str, ...]
    table: pd.DataFrame | None = None

    @classmethod
    def of_images(cls, images: datasets.LeaveOneOut) -> Self:
        """The inventory of images that are there, each read once for its digest.

        Raises:
            ValueError: If one can't be read.
        """
        digests = [_digest(path) for path in images.images.paths]
        return cls.of_table(images.table.assign(sha256=digests))

    @classmethod
    def of_table(cls, table: pd.DataFrame) -> Self:
        """The inventory of the images in a table."""
        counts = table["domain"].value_counts().sort_index().to_dict()
        return cls(counts, tuple(sorted(table["class"].unique())), table)

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """The inventory that an experiment has written, for where the images are not.

        Raises:
            ValueError: If the file is not as it was written.
        """
        table = read_manifest(path)
        missing = {"split", "sha256"} - set(table.columns)
        if missing:
            raise ValueError(
                f"{str(path)!r} must be as the experiment wrote it. Received: no column "
                f"{' and no column '.join(map(repr, sorted(missing)))}"
            )
        return cls.of_table(table)

    @classmethod
    def of_known(cls, name: str) -> Self | None:
        """The inventory of a data set that `dg_keras.data` knows by name; None for another."""
        known = datasets.KNOWN.get(name)
        return None if known is None else cls(dict(sorted(known.counts.items())), known.classes)

    @property
    def domains(self) -> tuple[str, ...]:
        """Names of the domains, sorted."""
        return tuple(self.counts)

    @property
    def digest(self) -> str | None:
        """Tells the images' contents and split from others; None where they are not known."""
        if self.table is None:
            return None
        rows = self.table[["path", "domain", "class", "split", "sha256"]].to_csv(index=False)
        return hashlib.sha256(rows.encode()).hexdigest()

    @property
    def digests(self) -> list[str]:
        """The images' digests, in the order of the table."""
        return [] if self.table is None else list(self.table["sha256"])

    def size(self, domain: str, split: str | None) -> int:
        """The number of images of a domain's part; about, where only the domain's is known."""
        if self.table is None:
            shares = {"train": 0.7, "validation": 0.1, "test": 0.2, None: 1.0}
            return round(shares[split] * self.counts[domain])
        of_domain = self.table["domain"] == domain
        return int((of_domain & (split is None or self.table["split"] == split)).sum())

    def write_stand_in(self, folder: Path, each: int = _CELL) -> None:
        """Writes a folder of noise with these domains and classes, to measure time and memory on.

        Time and memory depend on the images' number and size, not on what they show.

        Args:
            folder: Where to write.
            each: How many images of each class and domain.
        """
        rng = np.random.default_rng(0)
        for domain in self.domains:
            for label in self.classes:
                cell = folder / domain / label
                cell.mkdir(parents=True)
                for i in range(max(_CELL, each)):
                    noise = rng.integers(256, size=(_SIDE, _SIDE, 3), dtype="uint8")
                    Image.fromarray(noise).save(cell / f"{i}.png")


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(read_content(path)).hexdigest()
    except ValueError as error:
        raise ValueError(f"`data`: {shown_path(path)} must be an image, but {error}") from error
