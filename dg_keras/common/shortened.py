"""A value as an error shows it."""

import reprlib
from typing import Any

from dg_keras.common.one_line import one_line

_DIGITS = 40


class _Repr(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to write thousands of digits.
        if abs(x) < 10**_DIGITS:
            return repr(x)
        return f"<an integer of {x.bit_length()} bits>"


_REPR = _Repr()
_REPR.maxlevel, _REPR.maxdict, _REPR.maxlist, _REPR.maxtuple = 3, 4, 6, 6
_REPR.maxstring = _REPR.maxother = 60


def shortened(value: Any, limit: int = 80) -> str:
    """The value's `repr` on one line, with "..." for what is left out of a long or deep one.

    Args:
        value: What a user gave.
        limit: The number of characters that are shown.
    """
    return one_line(_REPR.repr(value), limit)
