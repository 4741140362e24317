"""YAML 1.2 that may be anything, made into values or told in one sentence."""

import copy
import dataclasses
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import ruamel.yaml
from ruamel.yaml import events

from dg_keras.benchmark.config.core_schema import CORE_SCHEMA
from dg_keras.common.one_line import one_line
from dg_keras.common.shortened import shortened

_CHARACTERS = 2**18
_DEPTH = 32
_VALUES = 10_000
_DIGITS = 100

# YAML 1.2.2, section 5.1.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parse_yaml(text: str) -> Any:
    """The value that a text of one YAML document stands for.

    The text is read as the core schema of YAML 1.2, without tags, and keys are text. What aliases
    repeat is a copy. How long, how deep and how large it may be is bounded, so that no text takes
    long to refuse.

    Args:
        text: Of a file, or of a command's argument.

    Raises:
        ValueError: With the end of a sentence, which begins with "must".
    """
    if len(text) > _CHARACTERS:
        raise ValueError(f"must be at most {_CHARACTERS:,} characters. Received: {len(text):,}")
    unprintable = _UNPRINTABLE.search(text)
    if unprintable:
        line = text.count("\n", 0, unprintable.start()) + 1
        code = f"U+{ord(unprintable[0]):04X}"
        raise ValueError(f"must be printable text. Received: the character {code} in line {line}")
    document = _Document()
    for event in _events(text):
        document.take(event)
    return document.value


def _events(text: str) -> Iterator[events.Event]:
    """What stands in the text, one after the other, and never nested."""
    try:
        yield from ruamel.yaml.YAML(typ="safe", pure=True).parse(text)
    except ruamel.yaml.error.MarkedYAMLError as error:
        mark, problem = error.problem_mark, one_line(error.problem or "not YAML")
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ValueError(f"must be YAML. Received: {place}{problem}") from error
    except ruamel.yaml.error.YAMLError as error:
        raise ValueError(f"must be YAML. Received: {one_line(str(error))}") from error


@dataclasses.dataclass
class _Node:
    """A value, with the numbers of values in it and of levels that they are nested."""

    value: Any
    line: int
    anchor: str | None = None
    size: int = 1
    height: int = 0
    # Of keys and values: the key whose value comes next, and the line of each.
    key: str | None = None
    lines: dict[str, int] = dataclasses.field(default_factory=dict)


class _Document:
    """Builds a document's value of events; the sections and lists that are open are a stack."""

    def __init__(self) -> None:
        self.value: Any = None
        self._documents = 0
        self._values = 0
        self._open: list[_Node] = []
        self._anchored: dict[str, _Node] = {}

    def take(self, event: events.Event) -> None:
        line = event.start_mark.line + 1
        if isinstance(event, events.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise ValueError(f"must be one document. Received: another in line {line}")
        elif isinstance(event, events.AliasEvent):
            self._put(self._repeated(event.anchor, line))
        elif isinstance(event, events.CollectionEndEvent):
            self._put(self._open.pop())
        elif isinstance(event, events.NodeEvent):
            self._start(event, line)

    def _start(self, event: events.NodeEvent, line: int) -> None:
        # Scalars and collections have one; an alias is none of these.
        tag = getattr(event, "tag", None)
        if tag is not None:
            tag = shortened(str(tag).replace("tag:yaml.org,2002:", "!!"))
            raise ValueError(f"must be without tags. Received: {tag} in line {line}")
        if isinstance(event, events.ScalarEvent):
            value = _scalar(event, line)
            self._put(_Node(value, line, event.anchor))
            return
        kind = dict if isinstance(event, events.MappingStartEvent) else list
        if self._wants_key():
            self._refuse_key("a list" if kind is list else "keys and values", line)
        self._open.append(_Node(kind(), line, event.anchor))
        self._check_depth(0, line)
        if event.anchor is not None:
            # What stood there under this name is told from now on.
            self._anchored.pop(event.anchor, None)

    def _put(self, node: _Node) -> None:
        """Puts what is complete where it belongs."""
        if node.anchor is not None:
            self._anchored[node.anchor] = node
        if not self._open:
            self.value = node.value
            return
        parent = self._open[-1]
        if isinstance(parent.value, list):
            parent.value.append(node.value)
        elif parent.key is None:
            self._put_key(parent, node)
            return
        else:
            parent.value[parent.key] = node.value
            parent.key = None
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)
        if isinstance(node.value, list | dict):
            return
        self._values += 1
        self._check_values(node.line)

    def _put_key(self, parent: _Node, node: _Node) -> None:
        key = node.value
        if not isinstance(key, str):
            self._refuse_key(f"the key {shortened(key)}", node.line)
        if key in parent.lines:
            raise ValueError(
                f"must give each key once. Received: {shortened(key)} in line {parent.lines[key]} "
                f"and again in line {node.line}"
            )
        parent.lines[key] = node.line
        parent.key = key

    def _repeated(self, anchor: str, line: int) -> _Node:
        """A copy of what an alias stands for."""
        if anchor not in self._anchored:
            name = shortened(anchor)
            raise ValueError(
                "must have an anchor, and all that it stands for, before each of its aliases. "
                f"Received: the alias {name} in line {line}, and no such anchor before it"
            )
        node = self._anchored[anchor]
        if self._wants_key() and isinstance(node.value, list | dict):
            self._refuse_key("an alias", line)
        # Before it is copied.
        self._values += node.size
        self._check_values(line)
        self._check_depth(node.height, line)
        return _Node(copy.deepcopy(node.value), line, size=node.size, height=node.height)

    def _wants_key(self) -> bool:
        return (
            bool(self._open)
            and isinstance(self._open[-1].value, dict)
            and (self._open[-1].key is None)
        )

    def _refuse_key(self, what: str, line: int) -> NoReturn:
        raise ValueError(
            f"must have text for keys, in quotes if need be. Received: {what} in line {line}"
        )

    def _check_depth(self, more: int, line: int) -> None:
        if len(self._open) + more > _DEPTH:
            raise ValueError(f"must be nested at most {_DEPTH} deep. Received: more in line {line}")

    def _check_values(self, line: int) -> None:
        if self._values > _VALUES:
            raise ValueError(
                f"must hold at most {_VALUES:,} values, and what aliases repeat counts again. "
                f"Received: more, from line {line} on"
            )


def _scalar(event: events.ScalarEvent, line: int) -> Any:
    """The value of a word or of a quoted text."""
    word = event.value
    if event.style is not None:
        return word
    kind = next((kind for kind in CORE_SCHEMA if kind.words.match(word)), None)
    if kind is None:
        return word
    if len(word.lstrip("+-")) > _DIGITS:
        raise ValueError(
            f"must have numbers of at most {_DIGITS} digits. Received: one of {len(word):,} "
            f"characters in line {line}"
        )
    return kind.value(word)
