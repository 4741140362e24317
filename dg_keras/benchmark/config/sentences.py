"""What is wrong with a config, in sentences."""

import typing
from typing import Any

import pydantic

from dg_keras.benchmark.config.config import Section
from dg_keras.benchmark.config.nearest import nearest
from dg_keras.common.one_line import one_line
from dg_keras.common.shortened import shortened

_SHOWN = 10
_KEY = 100


def sentences(error: pydantic.ValidationError, section: type[Section]) -> list[str]:
    """A sentence for each of the first faults, which names the key, what is expected and what came.

    Args:
        error: What pydantic raised.
        section: The whole of what was validated.
    """
    faults = error.errors()
    told = [_sentence(fault, section) for fault in faults[:_SHOWN]]
    more = len(faults) - _SHOWN
    return [*told, f"{more} more values are wrong"] if more > 0 else told


def _sentence(fault: Any, section: type[Section]) -> str:
    place = fault["loc"]
    key = one_line(".".join(map(str, place)), _KEY)
    if fault["type"] == "extra_forbidden":
        known = nearest(place[-1], _keys(section, place[:-1]))
        return f"`{key}` is not a key. Nearest: {known}"
    if fault["type"] == "missing":
        return f"`{key}` is missing"
    if fault["type"] == "value_error":
        message = str(fault["ctx"]["error"])
        return f"`{key}`: {message}" if place else message
    message = _MESSAGES.get(fault["type"], fault["msg"])
    return f"`{key}`: {message[0].lower()}{message[1:]}. Received: {shortened(fault['input'])}"


# Where pydantic's own speak of its models.
_MESSAGES = {
    "model_type": "input should be keys and values",
    "dict_type": "input should be keys and values",
}


def _keys(section: type[Section], place: tuple[str | int, ...]) -> list[str]:
    """The keys of what stands at a place of the config."""
    for part in place:
        if part in section.model_fields:
            annotation = section.model_fields[part].annotation
            # A list's or an optional section's own is within.
            within = [annotation, *typing.get_args(annotation)]
            sections = [t for t in within if isinstance(t, type) and issubclass(t, Section)]
            section = sections[0] if sections else section
    return list(section.model_fields)
