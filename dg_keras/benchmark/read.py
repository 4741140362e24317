"""A config on disk, read and checked before anything runs."""

import re
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pydantic
import yaml

from dg_keras.benchmark.config import Config, Section
from dg_keras.benchmark.import_modules import import_modules
from dg_keras.benchmark.plan import Plan
from dg_keras.benchmark.unknown_name import unknown_name


def read(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Plan:
    """Reads and checks a config.

    Args:
        path: A YAML file of an experiment, or of several: `name`, and `experiments`, a list of
            other such files beside it.
        overrides: "key=value" each, the key dotted ("training.steps=10"), the value YAML; for
            every experiment.

    Raises:
        ValueError: With a sentence for each key that is unknown, missing or wrong.
        FileNotFoundError: If there is no such file.
    """
    path = Path(path)
    content = _content(path)
    if "experiments" not in content:
        config = _config(path, content, overrides)
        return Plan(config.name, (config,))
    try:
        several = _Several.model_validate(content)
    except pydantic.ValidationError as error:
        raise ValueError("\n".join(f"{path}: {_sentence(e)}" for e in error.errors())) from error
    parts = [path.parent / name for name in several.experiments]
    configs = tuple(_config(part, _content(part), overrides) for part in parts)
    names = [config.name for config in configs]
    if len(set(names)) < len(names):
        raise ValueError(f"{path}: `experiments` must have different names. Received: {names}")
    return Plan(several.name, configs)


class _Several(Section):
    name: str = pydantic.Field(pattern=r"^\w[\w.-]*$")
    experiments: list[str] = pydantic.Field(min_length=1)


def _config(path: Path, content: dict[str, Any], overrides: Sequence[str]) -> Config:
    for override in overrides:
        _override(content, override)
    imports = content.get("imports", [])
    if isinstance(imports, list):  # else it is told like every other wrong value
        import_modules(imports)
    try:
        return Config.model_validate(content)
    except pydantic.ValidationError as error:
        raise ValueError("\n".join(f"{path}: {_sentence(e)}" for e in error.errors())) from error


def _content(path: Path) -> dict[str, Any]:
    """What a YAML file holds."""
    if not path.is_file():
        near = [str(p) for p in sorted((path if path.is_dir() else path.parent).glob("*.yaml"))]
        fault = "is a folder. In it" if path.is_dir() else "does not exist. Beside it"
        raise FileNotFoundError(f"The config {path} {fault}: {', '.join(near) or 'no config'}")
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except yaml.YAMLError as error:
        raise ValueError(f"The config {path} is not valid YAML: {_one_line(error)}") from error
    if not isinstance(content, dict):
        raise ValueError(f"The config {path} must hold keys and values. Received: {content!r}")
    return content


def _one_line(error: yaml.YAMLError) -> str:
    return " ".join(str(error).split())


def _override(content: dict[str, Any], override: str) -> None:
    key, separator, value = override.partition("=")
    if not separator:
        raise ValueError(
            f"--set must be key=value, such as training.steps=10. Received: {override}"
        )
    *sections, last = key.split(".")
    for name in sections:
        content = content.setdefault(name, {})
        if not isinstance(content, dict):
            raise ValueError(f"--set: `{name}` in {key!r} is a value, not a section")
    try:
        content[last] = yaml.load(value, _Loader)
    except yaml.YAMLError as error:
        raise ValueError(
            f"--set: the value of {key} is not valid YAML. Received: {value}"
        ) from error


class _Loader(yaml.SafeLoader):
    """YAML as people write it: 1e-3 is a number, as in YAML 1.2."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def _sentence(error: Any) -> str:
    """One sentence for one of pydantic's errors."""
    key = ".".join(str(part) for part in error["loc"] if not _is_type_name(part)) or "the config"
    if error["type"] == "extra_forbidden":
        return f"`{key}` is " + unknown_name(
            "a key", str(error["loc"][-1]), _fields(error["loc"][:-1])
        )
    if error["type"] == "missing":
        return f"`{key}` is missing"
    if error["type"] == "value_error":
        return f"`{key}`: {error['ctx']['error']}"
    message = error["msg"][0].lower() + error["msg"][1:]
    return f"`{key}`: {message}. Received: {error['input']!r}"


def _is_type_name(part: str | int) -> bool:
    """Whether pydantic put the name of a union's member into an error's place."""
    return isinstance(part, str) and ("[" in part or part in {"str", "Literal"})


def _fields(place: tuple[str | int, ...]) -> list[str]:
    """The keys that a section of the config has."""
    model: Any = Config
    for part in place:
        if isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            # A list's or an optional section's own is within.
            models = [annotation, *typing.get_args(annotation)]
            model = next(m for m in models if isinstance(m, type) and issubclass(m, Section))
    return list(model.model_fields)
