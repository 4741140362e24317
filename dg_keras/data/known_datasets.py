"""The data sets that `load` knows by name."""

import dataclasses
from collections.abc import Mapping

import pandas as pd


@dataclasses.dataclass(frozen=True)
class KnownDataset:
    """What is known of a published data set.

    Args:
        name: What `load` calls it.
        counts: The number of images of each domain.
        folder: Where the domains are, relative to the root; None where a manifest says it all.
    """

    name: str
    counts: Mapping[str, int]
    folder: str | None = ""

    def check(self, table: pd.DataFrame) -> None:
        """Raises if a table does not hold the images it should.

        Args:
            table: A row an image, with the column `domain`.

        Raises:
            ValueError: If a domain's number of images differs from what is known.
        """
        found = table["domain"].value_counts().to_dict()
        if found != dict(self.counts):
            raise ValueError(
                f"Data set {self.name!r} must have the images {_listed(self.counts)}. Received: "
                f"{_listed(found)}"
            )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{domain} {counts[domain]}" for domain in sorted(counts))


KNOWN = {
    dataset.name: dataset
    for dataset in (
        KnownDataset(
            "styleshift",
            {"photo": 326, "clipart": 375, "cartoon": 421, "sketch": 407},
            folder=None,
        ),
    )
}
