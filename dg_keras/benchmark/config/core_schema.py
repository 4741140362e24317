"""What a plain word of YAML 1.2 stands for."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

NULL = "tag:yaml.org,2002:null"
BOOL = "tag:yaml.org,2002:bool"
INT = "tag:yaml.org,2002:int"
FLOAT = "tag:yaml.org,2002:float"


class Kind(NamedTuple):
    """A kind of plain words that are no text.

    `starts` are the characters that such a word may begin with, "" for an empty one.
    """

    tag: str
    words: re.Pattern[str]
    starts: list[str]
    value: Callable[[str], Any]


def _int(word: str) -> int:
    return int(word, 0) if word.startswith(("0o", "0x")) else int(word)


def _float(word: str) -> float:
    return float(word.replace(".inf", "inf").replace(".nan", "nan"))


CORE_SCHEMA = (
    Kind(NULL, re.compile(r"(null|Null|NULL|~|)\Z"), ["n", "N", "~", ""], lambda word: None),
    Kind(
        BOOL,
        re.compile(r"(true|True|TRUE|false|False|FALSE)\Z"),
        list("tTfF"),
        lambda word: word.lower() == "true",
    ),
    Kind(
        INT,
        re.compile(r"([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z"),
        list("-+0123456789"),
        _int,
    ),
    Kind(
        FLOAT,
        re.compile(
            r"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
            r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z"
        ),
        list("-+.0123456789"),
        lambda word: _float(word.lower()),
    ),
)
"""The core schema of YAML 1.2.2, section 10.3.2: `1e-3` is a number; `1:00`, `yes` and `on` are
text. The first kind that a word is of counts."""
