"""Checks of the arguments that every backbone takes."""

import numbers

from dg_keras.common.is_whole import is_whole


def check_arguments(classes: int, image_size: int, smallest_image: int, dropout: float) -> None:
    """Raises a `ValueError` that names the argument which is out of its range.

    Args:
        classes: Has to be a positive integer.
        image_size: Has to be an integer of at least `smallest_image` pixels.
        smallest_image: What the network can take.
        dropout: Has to be a fraction in [0, 1).
    """
    if not is_whole(classes) or classes < 1:
        raise ValueError(f"`classes` must be a positive integer. Received: classes={classes!r}")
    if not is_whole(image_size) or image_size < smallest_image:
        raise ValueError(
            f"`image_size` must be an integer of at least {smallest_image} (pixels a side). "
            f"Received: image_size={image_size!r}"
        )
    if not isinstance(dropout, numbers.Real) or not 0 <= dropout < 1:
        raise ValueError(f"`dropout` must be in [0, 1). Received: dropout={dropout!r}")
