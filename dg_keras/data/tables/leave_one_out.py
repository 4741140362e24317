"""A data set with one domain left out."""

import dataclasses
import functools
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import tensorflow as tf

from dg_keras.common.check_choice import check_choice
from dg_keras.data.feeding.domain import Domain
from dg_keras.data.feeding.image_store import ImageStore
from dg_keras.data.feeding.without_tuner import without_tuner
from dg_keras.data.tables.split_table import SHARES, groups_of


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LeaveOneOut:
    """A data set's domains: the sources to train and validate on, and the target to test on.

    Made by `dg_keras.data.load`. Nothing is decoded before it is used.

    Args:
        name: The data set's name.
        table: A row per image: `path` (relative to the data set's folder), `domain`, `class`,
            `label` (class number), `split`, and what else a manifest has, such as `concept`.
        images: The images, in the table's order.
        target: The domain that is left out; None for none.
        batch_size: Of `validation` and `test`.
        test_whole: Whether `test` is the whole target instead of its test part.
        skipped: The images that were left out since they can't be decoded, by domain, as paths
            relative to the data set's folder; only domains that have such.
    """

    name: str
    table: pd.DataFrame
    images: ImageStore
    target: str | None
    batch_size: int
    test_whole: bool
    skipped: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"<LeaveOneOut {self.name!r}: {len(self.table)} images, {len(self.classes)} classes, "
            f"sources={self.sources}, target={self.target!r}>"
        )

    @functools.cached_property
    def domains(self) -> tuple[str, ...]:
        """Names of all domains, sorted."""
        return tuple(sorted(self.table["domain"].unique()))

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of all classes, by class number."""
        return tuple(sorted(self.table["class"].unique()))

    @property
    def held_out(self) -> str:
        """The target, where there is one.

        Raises:
            ValueError: If there is none.
        """
        if self.target is None:
            raise ValueError("A domain must be held out. Received: target=None")
        return self.target

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the domains to train on: all but the target."""
        return tuple(domain for domain in self.domains if domain != self.target)

    @functools.cached_property
    def train(self) -> dict[str, Domain]:
        """The training part of each source."""
        return {domain: self.part(domain, "train") for domain in self.sources}

    @functools.cached_property
    def validation(self) -> tf.data.Dataset:
        """The validation parts of the sources, one after another, in batches.

        A warning names the sources that have none, where others do.
        """
        batches = self._batched(self.sources, "validation")
        validated = set(self.table["domain"][self.table["split"] == "validation"])
        without = [domain for domain in self.sources if domain not in validated]
        if without:
            warnings.warn(
                f"No image of {', '.join(without)} is in the validation part of {self.name!r}: "
                "models are chosen without them. Classes of less than six images have none there.",
                stacklevel=3,  # behind it is that of `cached_property`
            )
        return batches

    @functools.cached_property
    def test(self) -> tf.data.Dataset:
        """The test part of the target, or the whole of it, in batches; without one the sources'."""
        if self.target is None:
            return self._batched(self.sources, "test")
        return self._batched((self.target,), None if self.test_whole else "test")

    def part(self, domain: str, split: str | None = None) -> Domain:
        """Returns the images of one domain, in the table's order.

        Args:
            domain: One of `domains`.
            split: "train", "validation" or "test"; None for all of them.

        Returns:
            The images; they share their pixels with every other part.

        Raises:
            ValueError: If there is no such domain, or split.
        """
        check_choice("domain", domain, self.domains)
        check_choice("split", split, [None, *SHARES])
        # Each is some functions that TensorFlow traces.
        known = self._parts.get((domain, split))
        if known is None:
            known = self._parts[domain, split] = self._pool((domain,), split)
        return known

    @functools.cached_property
    def _parts(self) -> dict[tuple[str, str | None], Domain]:
        return {}

    @property
    def unseen_concepts(self) -> np.ndarray:
        """Which images of `part(target)` show a concept that no source is trained on, shape `[n]`.

        One without a concept shows what no other does.

        Raises:
            ValueError: If the data set has no target or no concepts.
        """
        if self.target is None or "concept" not in self.table.columns:
            raise ValueError(
                "`unseen_concepts` needs a target and a manifest with concepts. Received: "
                f"target={self.target!r}, columns {', '.join(self.table.columns)}"
            )
        is_target = self.table["domain"] == self.target
        trained = set(groups_of(self.table[~is_target & (self.table["split"] == "train")]))
        return np.array([of not in trained for of in groups_of(self.table[is_target])])

    def _batched(self, domains: Sequence[str], split: str | None) -> tf.data.Dataset:
        pool = self._pool(domains, split)
        if len(pool) == 0:
            raise ValueError(
                f"Data set {self.name!r} must have images in its {split} part. Received: none in "
                f"{', '.join(domains)}"
            )
        pool.images.decode(pool.rows)  # a broken file is told before the work
        indices = tf.data.Dataset.range(len(pool)).batch(self.batch_size)
        return without_tuner(pool.batches(indices, self.batch_size).prefetch(1))

    def _pool(self, domains: Sequence[str], split: str | None) -> Domain:
        chosen = self.table["domain"].isin(domains)
        if split is not None:
            chosen &= self.table["split"] == split
        rows = np.flatnonzero(chosen)
        labels = self.table["label"].to_numpy()[rows]
        return Domain("+".join(domains), self.images, rows, labels, self.classes)
