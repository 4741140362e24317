"""A part of a data set's images."""

import dataclasses

import numpy as np

from dg_keras import data as datasets
from dg_keras.data.feeding.image_store import ImageStore

_MEMORY = 2**30  # bytes; what does not fit is decoded at every use


def some_images(images: datasets.LeaveOneOut, each: int) -> datasets.LeaveOneOut:
    """The first images of each domain, class and part of the split, in a store of their own.

    Args:
        images: The images.
        each: How many of each, where there are so many.
    """
    table = images.table
    rows = np.flatnonzero(table.groupby(["domain", "class", "split"]).cumcount() < each)
    paths = [images.images.paths[row] for row in rows]
    store = ImageStore(paths, images.images.image_shape[:2], _MEMORY)
    return dataclasses.replace(images, table=table.iloc[rows].reset_index(drop=True), images=store)
