"""How many processes may train at once."""

from dg_keras.common.cores import cores
from dg_keras.common.shortened import shortened

_PER_CORE = 4


def check_workers(workers: int | None) -> None:
    """Raises ValueError if it is a number of processes that this machine may not stand.

    Args:
        workers: How many processes train at once; None where the config decides.
    """
    if workers is None:
        return
    most = _PER_CORE * cores()
    if not isinstance(workers, int) or not 1 <= workers <= most:
        raise ValueError(
            f"`workers` must be at least 1 and at most {most}, {_PER_CORE} for each core that "
            f"this process may use. Received: workers={shortened(workers)}"
        )
