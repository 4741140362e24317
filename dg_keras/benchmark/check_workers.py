"""How many processes may train at once."""

import os

from dg_keras.common.shortened import shortened

_PER_CORE = 4


def check_workers(workers: int) -> None:
    """Raises ValueError unless it is a number of processes that this machine may stand.

    Args:
        workers: How many processes train at once.
    """
    most = _PER_CORE * (os.cpu_count() or 1)
    if not isinstance(workers, int) or not 1 <= workers <= most:
        raise ValueError(
            f"`workers` must be at least 1 and at most {most}, {_PER_CORE} for each core of this "
            f"machine. Received: workers={shortened(workers)}"
        )
