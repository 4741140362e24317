"""Names of layers that do not depend on what was built before."""

import collections
import contextlib
from collections.abc import Iterator

from dg_keras.common.check_keras import is_keras2

_COUNTS = "object_name_uids"


@contextlib.contextmanager
def fresh_names() -> Iterator[None]:
    """Has Keras name layers as in a process that has built none, and count on as before afterwards.

    It numbers those that nobody names over the whole process: `split(net, "add_5")` would find its
    layer in the first network of a kind alone.
    """
    if is_keras2():  # which keeps the counts elsewhere
        yield
        return
    from keras.src.backend.common import global_state

    before = global_state.get_global_attribute(_COUNTS)
    global_state.set_global_attribute(_COUNTS, collections.defaultdict(int))
    try:
        yield
    finally:
        global_state.set_global_attribute(_COUNTS, before)
