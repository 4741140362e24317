"""How many models, each of a method and a setting of the optimizer, a process keeps in memory."""

_SMALL = 64 * 2**20
"""Bytes of a gradient up to which models are small: with its optimizer one takes some four times
that, of which eight fit into any machine that trains."""
_MOST = 8


def models_kept(keep_traced: int | None, gradient_bytes: int, ways: int) -> int:
    """How many models are kept, so that their steps are not traced again in each trial.

    Args:
        keep_traced: What the user says; None to keep all models of a small network, eight at most,
            and one of a large.
        gradient_bytes: What a gradient of the trained network takes in memory.
        ways: The number of models: of methods and settings of the optimizer.
    """
    if keep_traced is not None:
        return keep_traced
    return min(ways, _MOST) if gradient_bytes <= _SMALL else 1
