"""How many methods' models may be kept in memory."""

from dg_keras.common.shortened import shortened


def check_keep_traced(keep_traced: int) -> None:
    """Raises ValueError unless it is a number of models.

    Args:
        keep_traced: How many methods' models are kept with their traced steps.
    """
    if not isinstance(keep_traced, int) or keep_traced < 1:
        raise ValueError(
            "`keep_traced` must be a whole number of at least 1. "
            f"Received: keep_traced={shortened(keep_traced)}"
        )
