"""What is no data to train on or to evaluate by itself, and looks like it."""

from typing import Any

from dg_keras.data import Domain, LeaveOneOut


def check_given(name: str, x: Any, wanted: str) -> None:
    """Raises ValueError for a whole data set, and for a domain that is in no dict.

    Args:
        name: The argument's name.
        x: What was given for it.
        wanted: What a domain should be, such as "batched".
    """
    if isinstance(x, LeaveOneOut):
        raise ValueError(
            f"`{name}` must be a part of a data set: `train`, `validation` or `test`. Received: "
            f"all of {x.name!r}"
        )
    if isinstance(x, Domain) and not x.transforms:  # which may make batches
        raise ValueError(
            f"A domain in `{name}` must be {wanted}. Received: {x.name!r} by itself, unbatched"
        )
