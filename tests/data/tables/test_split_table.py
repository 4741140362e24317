import hashlib

import numpy as np
import pandas as pd
import pytest

from dg_keras.data.tables.split_table import SHARES, SPLITS, split_table


def cells(**sizes):
    """A table without concepts, of one domain and classes of the sizes given."""
    rows = [(f"{name}/{k}.png", "day", name) for name, size in sizes.items() for k in range(size)]
    return pd.DataFrame(rows, columns=["path", "domain", "class"])


def counts(table, splits):
    found = pd.crosstab([table["domain"], table["class"]], np.array(splits))
    return found.reindex(columns=list(SPLITS), fill_value=0)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1, [1, 0, 0]),
        (2, [1, 0, 1]),
        (3, [2, 0, 1]),
        (5, [4, 0, 1]),
        (10, [7, 1, 2]),
        (100, [70, 10, 20]),
        (197, [138, 20, 39]),
    ],
)
def test_shares_of_a_cell_of_single_images(size, expected):
    table = cells(cat=size)

    assert counts(table, split_table(table)).iloc[0].tolist() == expected


def test_depends_on_the_seed_and_not_on_the_order_of_rows():
    table = cells(cat=50, dog=31)
    shuffled = table.sample(frac=1, random_state=0)

    splits = pd.Series(split_table(table, seed=3), table.index)

    assert splits.tolist() != split_table(table, seed=4)
    assert splits[shuffled.index].tolist() == split_table(shuffled, seed=3)


def test_a_concept_shared_by_all_stays_together_and_a_cell_is_never_untrained():
    table = pd.DataFrame(
        [("a", "day", "cat", "tom"), ("b", "night", "cat", "tom"), ("c", "dusk", "dog", "rex")],
        columns=["path", "domain", "class", "concept"],
    )

    assert split_table(table) == ["train", "train", "train"]


def test_an_empty_concept_is_an_image_for_itself():
    table = cells(cat=10).assign(concept="")

    assert counts(table, split_table(table)).iloc[0].tolist() == [7, 1, 2]


@pytest.mark.parametrize("seed", range(5))
def test_styleshift(styleshift, seed):
    table = styleshift.table
    splits = split_table(table, seed)

    assert pd.Series(splits).groupby(table["concept"]).nunique().max() == 1
    found = counts(table, splits)
    assert (found > 0).all(axis=None)
    shares = found.div(found.sum(axis=1), axis=0) - list(SHARES.values())
    assert shares.abs().max(axis=None) < 0.12
    by_domain = found.groupby("domain").sum()
    by_domain = by_domain.div(by_domain.sum(axis=1), axis=0) - list(SHARES.values())
    assert by_domain.abs().max(axis=None) < 0.03


def test_styleshift_split_never_changes(styleshift):
    rows = sorted(zip(styleshift.table["path"], styleshift.table["split"], strict=True))

    digest = hashlib.sha256(repr(rows).encode()).hexdigest()

    assert digest == "a8dbc3e4ffd8973c3b6bbfa10f7d7fe95be3f2789003544b0879a6f35a250ece"
