"""Tells griffe, which makes the API pages, that `@public` makes a dataclass."""

from typing import Any

import griffe

_PUBLIC = "dg_keras.common.configured.public"


class _Dataclass(griffe.Expr):
    canonical_path = "dataclasses.dataclass"

    def iterate(self, *, flat: bool = True) -> Any:
        yield "dataclass"


class Public(griffe.Extension):
    """Adds `@dataclass` where `@public` is."""

    def on_class_instance(self, *, cls: griffe.Class, **kwargs: Any) -> None:
        """Called for every class."""
        for decorator in list(cls.decorators):
            if getattr(decorator.value, "canonical_path", None) == _PUBLIC:
                lines = {"lineno": decorator.lineno, "endlineno": decorator.endlineno}
                cls.decorators.append(griffe.Decorator(_Dataclass(), **lines))
