"""Checks of the arguments that every backbone takes."""

import numbers


def check_classes(classes: int) -> None:
    """Raises a `ValueError` unless `classes` is a positive integer."""
    if not isinstance(classes, numbers.Integral) or classes < 1:
        raise ValueError(f"`classes` must be a positive integer. Received: classes={classes!r}")


def check_image_size(image_size: int, smallest: int) -> None:
    """Raises a `ValueError` unless `image_size` is an integer of at least `smallest` pixels."""
    if not isinstance(image_size, numbers.Integral) or image_size < smallest:
        raise ValueError(
            f"`image_size` must be an integer of at least {smallest} (pixels a side). "
            f"Received: image_size={image_size!r}"
        )


def check_dropout(dropout: float) -> None:
    """Raises a `ValueError` unless `dropout` is a fraction in [0, 1)."""
    if not 0 <= dropout < 1:
        raise ValueError(f"`dropout` must be in [0, 1). Received: dropout={dropout!r}")
