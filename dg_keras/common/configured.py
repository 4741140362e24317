"""Objects that are told by their configuration: strategies and objectives."""

import dataclasses
import difflib
import inspect
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Self, TypeVar

import keras

from dg_keras.common.shortened import shortened

T = TypeVar("T", bound="Configured")


@dataclasses.dataclass(frozen=True)
class Configured:
    """An immutable object whose fields are its configuration.

    A subclass is a frozen dataclass, or has an `__init__` of its own and overrides `get_config`.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Told where the class is written: a model that is saved would lose the arguments.
        if "__init__" in cls.__dict__ and cls.get_config is Configured.get_config:
            raise TypeError(
                f"{cls.__name__} must override `get_config`, or be a frozen dataclass, whose "
                "fields are its configuration. Received: an `__init__` of its own, whose arguments "
                "would be lost where a model is saved"
            )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.init
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The object that `get_config` describes."""
        return cls(**config)


@typing.dataclass_transform(frozen_default=True)
def public(cls: type[T]) -> type[T]:
    """Makes a class a frozen dataclass that Keras saves and loads as one of this library's."""
    frozen = dataclasses.dataclass(frozen=True)(cls)
    return keras.saving.register_keras_serializable(package="dg_keras")(frozen)


def look_up(identifier: Any, argument: str, base: type[T], by_name: Mapping[str, type[T]]) -> T:
    """Finds an object by instance, name or config, as `keras.losses.get` does a loss.

    Args:
        identifier: An instance of `base`; the name of one of this library or of one registered
            with Keras ("my_project>Median"); or a dict with "class_name" (such a name) and
            "config" (the constructor's arguments).
        argument: What the argument is called, for errors.
        base: The class that it must be of.
        by_name: This library's own.

    Raises:
        ValueError: If there is no such object.
    """
    if isinstance(identifier, base):
        return identifier
    if isinstance(identifier, str):
        return _class(identifier, argument, base, by_name)()
    if isinstance(identifier, dict) and "class_name" in identifier:
        name, config = _name_and_config(identifier, argument)
        return _configured(_class(name, argument, base, by_name), config)
    if isinstance(identifier, type) and issubclass(identifier, base):
        raise ValueError(f"`{argument}` must be an instance. Received: the class; call it")
    raise ValueError(
        f"`{argument}` must be a dg_keras {argument}, its name, or a dict with `class_name` and "
        f"`config`. Received: {shortened(identifier)}"
    )


# What Keras writes of an object.
_KEYS = (
    *("module", "class_name", "config", "registered_name"),
    *("build_config", "compile_config", "shared_object_id"),
)


def _name_and_config(identifier: dict[str, Any], argument: str) -> tuple[str, dict[str, Any]]:
    """What a dict says of the class and of its constructor's arguments."""
    unknown = [key for key in identifier if key not in _KEYS]
    if unknown:
        raise ValueError(
            f"`{argument}` must be a dict with `class_name` and `config`. "
            f"Received: one with {shortened(unknown[0])}"
        )
    name = identifier.get("registered_name") or identifier["class_name"]
    if not isinstance(name, str):
        raise ValueError(
            f"`class_name` of `{argument}` must be text. Received: class_name={shortened(name)}"
        )
    config = identifier.get("config", {})
    if not isinstance(config, dict):
        raise ValueError(
            f"`config` of `{argument}` must be keys and values. "
            f"Received: config={shortened(config)}"
        )
    return name, config


def _configured(found: type[T], config: dict[str, Any]) -> T:
    known = {field.name for field in dataclasses.fields(found) if field.init}
    unknown = [name for name in config if name not in known]
    if unknown and _from_config(found) is _from_config(Configured):
        raise ValueError(
            f"{found.__name__} takes {', '.join(sorted(known)) or 'no arguments'}. "
            f"Received: {shortened(unknown[0])[1:-1]}"
        )
    return found.from_config(config)


def _from_config(cls: type) -> object:
    """The method itself, of whichever class it is."""
    return inspect.getattr_static(cls, "from_config")


def _class(name: str, argument: str, base: type[T], by_name: Mapping[str, type[T]]) -> type[T]:
    found = by_name.get(name) or keras.saving.get_registered_object(name)
    if isinstance(found, type) and issubclass(found, base):
        return found
    raise ValueError(
        f"`{argument}` must be the name of a dg_keras {argument}: {', '.join(by_name)}. "
        f"Received: {shortened(name)}{_hint(name, argument, base, by_name)}"
    )


def _hint(name: str, argument: str, base: type, by_name: Mapping[str, type]) -> str:
    """What was meant by a name that is unknown: another argument's, or one that is near to it."""
    for kind in Configured.__subclasses__():
        other = kind.__name__.lower()
        names = [found.__name__.lower() for found in _below(kind)]
        if other != argument and name.replace("_", "").lower() in names:
            return f", which is for `{other}`"
    registered = [
        of_own
        for of_own, found in keras.saving.get_custom_objects().items()
        if isinstance(found, type) and issubclass(found, base) and found not in by_name.values()
    ]
    near = difflib.get_close_matches(name.lower(), by_name, n=1)
    near = near or difflib.get_close_matches(name, registered, n=1)
    return f"; nearest: {near[0]}" if near else ""


def _below(cls: type) -> Iterator[type]:
    found: type
    for found in cls.__subclasses__():
        yield found
        yield from _below(found)
