"""What a config may give to a backbone's function."""

from collections.abc import Mapping
from typing import Any

import pydantic

from dg_keras import backbones
from dg_keras.common.shortened import shortened

_OWN_KEYS = {"image_size": "data.image_size", "weights": "backbone.weights"}


def check_backbone_arguments(name: str, arguments: Mapping[str, Any]) -> None:
    """Raises ValueError unless the backbone takes these arguments, and values of their types.

    Args:
        name: Of a network, one of `backbones.names()`.
        arguments: The config's `backbone.arguments`.
    """
    known = backbones.parameters(name)
    free = [p for p in known if p not in {"classes", *_OWN_KEYS}]
    for argument, value in arguments.items():
        if argument == "classes":
            raise ValueError(
                "`arguments` must be without `classes`, which are those of the data. "
                f"Received: classes={shortened(value)}"
            )
        if argument in _OWN_KEYS:
            raise ValueError(
                f"`arguments` must be without `{argument}`, which is told by "
                f"`{_OWN_KEYS[argument]}`. Received: {argument}={shortened(value)}"
            )
        if argument not in free:
            raise ValueError(
                f"`arguments`: `{name}` takes {', '.join(free)}. Received: {shortened(argument)}"
            )
        try:
            pydantic.TypeAdapter(known[argument].annotation).validate_python(value, strict=True)
        except pydantic.ValidationError as error:
            message = error.errors()[0]["msg"]
            raise ValueError(
                f"`arguments.{argument}`: {message[0].lower()}{message[1:]}. "
                f"Received: {shortened(value)}"
            ) from error
