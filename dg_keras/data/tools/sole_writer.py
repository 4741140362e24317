"""One process at a time makes a folder."""

import contextlib
from pathlib import Path

from dg_keras.common.sole_user import sole_user


def sole_writer(folder: Path) -> contextlib.AbstractContextManager[None]:
    """Waits until no other process makes a folder, and then keeps others waiting.

    Who has to wait says for whom; see `sole_user`.

    Args:
        folder: The folder, which must be there.
    """
    return sole_user(folder, "prepare", "made", wait=True)
