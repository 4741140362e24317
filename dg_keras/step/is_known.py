"""What XLA is known to compile."""

from typing import Any


def is_known(part: Any) -> bool:
    """Whether it is ours or Keras'; what is the user's own may use what XLA does not know.

    Args:
        part: An object, a function, the name of one, or None.
    """
    if part is None or isinstance(part, str):
        return True
    module = part.__module__ if hasattr(part, "__name__") else type(part).__module__
    wraps = (getattr(part, name, None) for name in ("_fn", "fn", "inner_optimizer"))
    return module.startswith(("keras.", "dg_keras.")) and all(map(is_known, wraps))
