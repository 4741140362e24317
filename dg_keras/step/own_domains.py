"""Which replica takes which domains, where each takes whole domains."""

from typing import Any

from dg_keras.common.samples import every, interleaved


def own_domains(replica: int, replicas: int, domains: int) -> list[int]:
    """The domains that a replica takes: every R-th, so that the first ones may take one more."""
    return list(range(replica, domains, replicas))


def places(replicas: int, domains: int) -> int:
    """How many domains a replica's part of the batch has places for."""
    return -(-domains // replicas)


def of_own_domains(batch: Any, replica: int, replicas: int, domains: int) -> Any:
    """A replica's part of the batch, without what fills it up to the size of the others.

    Args:
        batch: Tensors, sample i of place i modulo `places`; see `fitting/batches_by_replica.py`.
        replica: The replica's number.
        replicas: R.
        domains: N.

    Returns:
        The same structure, sample i of the replica's own domain i modulo the number of these.
    """
    own, all_places = len(own_domains(replica, replicas, domains)), places(replicas, domains)
    if own == all_places:
        return batch
    return interleaved([every(batch, place, all_places) for place in range(own)])
