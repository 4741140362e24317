"""Whether there are as many images of a class as are compared along training."""

import pandas as pd

from dg_keras.common.shortened import shortened


def check_samples(samples: int, table: pd.DataFrame, target: str) -> None:
    """Raises if no class has as many training images in every source.

    Args:
        samples: The config's `along_training.samples`.
        table: A row per image, with `domain`, `class` and `split`.
        target: The domain that is held out.

    Raises:
        ValueError: If some source has too few of each class.
    """
    sources = table[table["domain"] != target]
    is_trained = (sources["split"] == "train").astype(int)
    counts = is_trained.groupby([sources["class"], sources["domain"]]).sum().unstack(fill_value=0)
    fewest = counts.min(axis=1)
    if fewest.max() >= samples:
        return
    label = fewest.idxmax()
    raise ValueError(
        f"`along_training.samples` must be at most {fewest[label]} where {shortened(target)} is "
        "held out, since some class must have as many images in the training part of every source: "
        f"of class {shortened(label)}, which has most, domain "
        f"{shortened(counts.loc[label].idxmin())} has {fewest[label]}. Received: samples={samples}"
    )
