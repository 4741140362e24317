"""Checks of the arguments that every backbone takes."""

import numbers


def check_arguments(classes: int, image_size: int, smallest_image: int, dropout: float) -> None:
    """Raises a `ValueError` that names the argument which is out of its range.

    Args:
        classes: Has to be a positive integer.
        image_size: Has to be an integer of at least `smallest_image` pixels.
        smallest_image: What the network can take.
        dropout: Has to be a fraction in [0, 1).
    """
    if not isinstance(classes, numbers.Integral) or classes < 1:
        raise ValueError(f"`classes` must be a positive integer. Received: classes={classes!r}")
    if not isinstance(image_size, numbers.Integral) or image_size < smallest_image:
        raise ValueError(
            f"`image_size` must be an integer of at least {smallest_image} (pixels a side). "
            f"Received: image_size={image_size!r}"
        )
    if not 0 <= dropout < 1:
        raise ValueError(f"`dropout` must be in [0, 1). Received: dropout={dropout!r}")
