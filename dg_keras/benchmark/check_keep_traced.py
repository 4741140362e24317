"""How many methods' models may be kept in memory."""

from dg_keras.common.shortened import shortened


def check_keep_traced(keep_traced: int | None) -> None:
    """Raises ValueError unless it is a number of models.

    Args:
        keep_traced: How many methods' models are kept with their traced steps; None to let
            `models_kept` decide.
    """
    if keep_traced is not None and not (isinstance(keep_traced, int) and keep_traced > 0):
        raise ValueError(
            "`keep_traced` must be a whole number of at least 1. "
            f"Received: keep_traced={shortened(keep_traced)}"
        )
