"""How far processes help."""

from dg_keras.common.cores import cores


def at_once(processes: int, busy: float) -> float:
    """How many runs' time passes at once, where a run alone keeps so many cores busy.

    What one keeps busy is not there for another.
    """
    return max(1.0, min(processes, cores() / busy))
