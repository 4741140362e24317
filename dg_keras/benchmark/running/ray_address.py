"""Where a Ray cluster is."""

import importlib.util
import re
import socket
from typing import Any

from dg_keras.common.shortened import shortened

_PATIENCE = 5  # seconds


def check_ray(address: str | None, workers: int | None, shard: Any) -> None:
    """Raises ValueError unless it is None, or where a cluster may be, alone, and Ray is there.

    Args:
        address: `auto`, `local` or `HOST:PORT`; None where no cluster carries out runs.
        workers: How many processes do so here.
        shard: The share of the runs that is begun with, or None.
    """
    if address is None:
        return
    if address not in ("auto", "local") and not re.fullmatch(r"[^\s:/]+:[0-9]{1,5}", address):
        raise ValueError(
            "`ray` must be auto, for the cluster of this machine, local, for one that is started "
            f"here and ends with the runs, or HOST:PORT. Received: ray={shortened(address)}"
        )
    if (workers or 1) > 1 or shard is not None:
        raise ValueError(
            "`ray` must come without `workers` and `shard`, since Ray says what runs where. "
            f"Received: ray={address!r}, workers={workers}, shard={shard!r}"
        )
    if importlib.util.find_spec("ray") is None:
        raise ValueError(
            f"`ray` needs Ray: `pip install dg_keras[ray]`. Received: ray={address!r}, and no Ray"
        )


def reach_ray(address: str) -> None:
    """Raises ConnectionError unless somebody answers there: Ray itself would try for minutes.

    Args:
        address: `auto`, `local` or `HOST:PORT`.
    """
    host, _, port = address.partition(":")
    if not port:
        return
    try:
        socket.create_connection((host, int(port)), timeout=_PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise ConnectionError(
            f"`ray` must be where a Ray cluster is. Received: ray={address!r}, where nobody "
            f"answers ({error})"
        ) from error
