"""Classes that no network can learn, since no source has them."""

import pandas as pd


def unknown_classes(table: pd.DataFrame, target: str) -> str | None:
    """Tells of the classes that only the domain has which is left out.

    Args:
        table: A row per image, with its `domain` and `class`.
        target: The domain that is left out.

    Returns:
        A sentence; None where there are none.
    """
    is_target = table["domain"] == target
    unknown = sorted({*table.loc[is_target, "class"]} - {*table.loc[~is_target, "class"]})
    if not unknown:
        return None
    images = int((is_target & table["class"].isin(unknown)).sum())
    return (
        f"No domain but {target!r}, which is left out, has images of {len(unknown)} of its "
        f"classes, the first is {unknown[0]!r}: no network can learn them, and its {images} images "
        "of them count as errors."
    )
