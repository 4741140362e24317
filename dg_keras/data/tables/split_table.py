"""Training, validation and test parts of every domain."""

import hashlib
import math
from collections import Counter, defaultdict
from typing import Any

import pandas as pd

SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}
SPLITS = tuple(SHARES)

_Cell = tuple[str, str]


def split_table(table: pd.DataFrame, seed: int = 0) -> list[str]:
    """Splits a data set 70/10/20 into training, validation and test parts.

    Every cell, the images of one class in one domain, comes as near to these shares as it can, and
    has an image to train on. Images of one concept stay together, over all domains: with a drawing
    and its twin in another domain on two sides, the test would be of memory. Without a column
    `concept`, or where it is empty, every image stands for itself.

    Concepts are taken by size, the largest first, and put where most is missing, summed over their
    cells: where few have the same size, all seeds give much the same split. No random generator
    takes part, only sha256, so that a seed gives the same split under every version of every
    library.

    Args:
        table: Columns `path`, `domain` and `class`, and maybe `concept`.
        seed: What the order of concepts of one size depends on.

    Returns:
        The split of each row, "train", "validation" or "test".
    """
    groups = groups_of(table)
    cells = list(zip(table["domain"], table["class"], strict=True))
    members: defaultdict[Any, Counter] = defaultdict(Counter)
    for group, cell in zip(groups, cells, strict=True):
        members[group][cell] += 1
    sizes = Counter(cells)
    missing = {
        split: {cell: share * size for cell, size in sizes.items()}
        for split, share in SHARES.items()
    }
    untrained = set(sizes)
    chosen = {}
    for group in sorted(members, key=lambda group: _rank(group, members[group], seed)):
        counts = members[group]
        split = "train" if untrained & counts.keys() else _neediest(missing, counts, sizes)
        chosen[group] = split
        for cell, count in counts.items():
            missing[split][cell] -= count
        if split == "train":
            untrained -= counts.keys()
    return [chosen[group] for group in groups]


def groups_of(table: pd.DataFrame) -> list[tuple[str, str]]:
    """What shows the same as each row: its concept, or the row alone where it has none.

    Spaces around a concept are none of it.

    Args:
        table: A column `path`, and maybe `concept`.
    """
    paths = [("path", path) for path in table["path"]]
    if "concept" not in table.columns:
        return paths
    return [
        ("concept", concept) if concept else path
        for concept, path in zip(table["concept"].str.strip(), paths, strict=True)
    ]


def parted_concepts(table: pd.DataFrame) -> dict[str, list[str]]:
    """Returns the concepts that a split puts on several sides, each with its parts, sorted.

    Args:
        table: Columns `path` and `split`, and maybe `concept`.
    """
    parts = defaultdict(set)
    for (kind, name), split in zip(groups_of(table), table["split"], strict=True):
        if kind == "concept":
            parts[name].add(split)
    return {name: sorted(parts[name]) for name in sorted(parts) if len(parts[name]) > 1}


def _rank(group: tuple[str, str], counts: Counter[_Cell], seed: int) -> tuple[int, str]:
    return -counts.total(), hashlib.sha256(f"{seed}/{group[1]}".encode()).hexdigest()


def _neediest(
    missing: dict[str, dict[_Cell, float]], counts: Counter[_Cell], sizes: Counter[_Cell]
) -> str:
    """The split in which the cells of a group miss most, relative to the cells' sizes.

    That is where the group lowers the squared deviation from the shares most: putting it elsewhere
    differs by this sum alone.
    """

    def need(split: str) -> float:
        # fsum is exact; Python's sum of floats differs between 3.11 and 3.12.
        return math.fsum(n * missing[split][cell] / sizes[cell] ** 2 for cell, n in counts.items())

    return max(SPLITS, key=need)
