"""A data set on the Hugging Face hub."""

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class HubCopy:
    """Where the hub has a data set as parquet, and which of its versions is meant.

    Args:
        repository: The hub's name of it, `<owner>/<name>`.
        revision: The commit to fetch; None for the newest, which may change.
        sha256: The digest of each parquet file of that commit, by its path; empty where it is not
            known, so that the images' numbers and classes alone tell whether it is the data set.
    """

    repository: str
    revision: str | None = None
    sha256: Mapping[str, str] = dataclasses.field(default_factory=dict)
