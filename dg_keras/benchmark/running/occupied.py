"""Who may run an experiment into a folder at a time: one alone, or any number of shards."""

import contextlib
import random
import time
from collections.abc import Iterator
from pathlib import Path

from dg_keras.benchmark.records.claims import Claims
from dg_keras.common.shown_path import shown_path
from dg_keras.common.sole_user import InUseError, sole_user
from dg_keras.common.told_if_full import told_if_full

_LOOKS = 10  # at whether somebody runs all alone
_PATIENCE = 600  # seconds, where other shards are about: some hundred may begin at once
_BYTES = 4096  # what the folder takes, and who has it


@contextlib.contextmanager
def occupied(folder: Path, claims: Claims, alone: bool) -> Iterator[None]:
    """Keeps a folder for one that runs all alone, or for shards, which share it.

    Args:
        folder: Where the experiment's results are; made if it is not there.
        claims: The shards' claims on its runs.
        alone: Whether all runs are made by this process, which is then the only one, or by shards,
            of which it is one.

    Raises:
        InUseError: If the folder is another's; the sentence says whose.
        NoSpaceError: If there is no space left.
    """
    with told_if_full(folder, _BYTES):
        folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        if alone:
            with told_if_full(folder, _BYTES):
                held.enter_context(sole_user(folder, "run", "run", wait=False))
                holders = claims.holders()
            if holders:
                raise InUseError(
                    f"{shown_path(folder)} is being run by shards, such as {holders[0]}: wait "
                    "until they end (two minutes, if they were killed), stop them, or give "
                    "`--shard`, too"
                )
        else:
            _be_present(held, folder, claims)
        yield


def _be_present(held: contextlib.ExitStack, folder: Path, claims: Claims) -> None:
    """Makes sure that nobody runs all alone, nor begins to before `held` is closed.

    Other shards may look at the same moment.
    """
    looks, begun = 0, time.monotonic()
    while True:
        try:
            with (
                told_if_full(folder, _BYTES),
                sole_user(folder, "run", "run", wait=False),
            ):
                held.enter_context(claims.kept())
                return
        except InUseError:
            looks += 1
            patience = _PATIENCE if claims.are_any() else 0
            if looks >= _LOOKS and time.monotonic() - begun > patience:
                raise
            time.sleep(random.uniform(0, 1 + looks / _LOOKS))
