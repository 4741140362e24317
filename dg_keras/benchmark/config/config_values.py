"""The kinds of values that a config holds, and the bounds within which they make sense."""

import dataclasses
import math
import re
from collections.abc import Iterator
from typing import Annotated, Any

import pydantic

from dg_keras.common.shortened import shortened

NAME_BYTES = 200
"""The longest name: file systems take 255 bytes, and a record's file has more in its name."""

FEATURES = "features"
"""The folder of results in which what is frozen is kept, for all experiments."""


@dataclasses.dataclass(frozen=True)
class _Between:
    low: float
    high: float

    def __call__(self, number: float) -> float:
        if not self.low <= number <= self.high:
            raise ValueError(
                f"must be a number from {self.low:g} to {self.high:g}. "
                f"Received: {shortened(number)}"
            )
        return number


def _names_a_folder(name: str) -> str:
    if name == FEATURES:
        raise ValueError(
            f"must be another, since what is frozen is kept in a folder called so. Received: {name}"
        )
    if not re.fullmatch(r"\w[\w.-]*", name) or len(name.encode()) > NAME_BYTES:
        raise ValueError(
            "must be letters, digits, `_`, `.` and `-`, the first of them none of the last two, "
            f"and at most {NAME_BYTES} bytes, since a folder is called so. "
            f"Received: {shortened(name)}"
        )
    return name


def _names_a_method(name: str) -> str:
    if not name.strip() or not name.isprintable() or len(name.encode()) > NAME_BYTES:
        raise ValueError(
            f"must be 1 to {NAME_BYTES} bytes of printable text, since tables and files are "
            f"called so. Received: {shortened(name)}"
        )
    return name


def _is_module(name: str) -> str:
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(
            f"must be a module's name, such as my_package.my_module. Received: {shortened(name)}"
        )
    return name


def _is_name_or_config(value: Any) -> Any:
    if not isinstance(value, str | dict):
        raise ValueError(
            "must be a name, or keys and values with `class_name` and `config`. "
            f"Received: {shortened(value)}"
        )
    return _has_finite_numbers(value)


def _has_finite_numbers(value: Any) -> Any:
    for leaf in _leaves(value):
        if isinstance(leaf, float) and not math.isfinite(leaf):
            raise ValueError(f"must hold finite numbers. Received: {leaf}")
    return value


def _leaves(value: Any) -> Iterator[Any]:
    """The values that hold no others."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _leaves(part)
    else:
        yield value


FolderName = Annotated[str, pydantic.AfterValidator(_names_a_folder)]
MethodName = Annotated[str, pydantic.AfterValidator(_names_a_method)]
Module = Annotated[str, pydantic.AfterValidator(_is_module)]
NameOrConfig = Annotated[str | dict[str, Any], pydantic.BeforeValidator(_is_name_or_config)]
Arguments = Annotated[dict[str, Any], pydantic.AfterValidator(_has_finite_numbers)]

ImageSize = Annotated[int, pydantic.Field(ge=16, le=1024)]
"""Pixels a side."""

BatchSize = Annotated[int, pydantic.Field(gt=0, le=65_536)]
"""Images per domain."""

LearningRate = Annotated[float, pydantic.AfterValidator(_Between(1e-12, 1e3))]
"""What is outside of these bounds is a slip: nothing would be learned."""

WeightDecay = Annotated[float, pydantic.AfterValidator(_Between(0.0, 1e3))]
"""0 where nothing decays."""

Epsilon = Annotated[float, pydantic.AfterValidator(_Between(1e-30, 1.0))]
"""Below, float32 would soon make a 0 of it; above, it would rule the steps."""

Steps = Annotated[int, pydantic.Field(gt=0, le=10**8)]
Seed = Annotated[int, pydantic.Field(ge=0, lt=2**31)]
