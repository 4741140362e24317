"""A config on disk, read and checked before anything runs."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pydantic

from dg_keras.benchmark.config.check_number_of_runs import check_number_of_runs
from dg_keras.benchmark.config.config import BEFORE_IMPORTS, Config, Section
from dg_keras.benchmark.config.config_values import FolderName
from dg_keras.benchmark.config.import_modules import import_modules
from dg_keras.benchmark.config.parse_yaml import parse_yaml
from dg_keras.benchmark.config.plan import Plan
from dg_keras.benchmark.config.sentences import sentences
from dg_keras.benchmark.config.set_value import set_value
from dg_keras.common.find_config import find_config
from dg_keras.common.read_text import read_text
from dg_keras.common.shortened import shortened

T = TypeVar("T", bound=Section)


def read(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Plan:
    """Reads and checks a config.

    Args:
        path: A YAML file, or the name of a config that ships: an experiment, or several, which is
            `name`, and `experiments`, a list of other such files beside it.
        overrides: "key=value" each, the key dotted ("training.steps=10"), the value YAML; for
            every experiment.

    Raises:
        ValueError: With a sentence for each key that is unknown, missing or wrong.
        FileNotFoundError: If there is no such file.
    """
    path = find_config(path)
    content = _content(path)
    if "experiments" not in content:
        (config,) = _configs([path], [content], overrides)
        return Plan(config.name, (config,))
    several = _validated(path, _Several, content)
    parts = [path.parent / name for name in several.experiments]
    contents = [_content(part) for part in parts]
    for part, of_part in zip(parts, contents, strict=True):
        if "experiments" in of_part:
            raise ValueError(
                f"{path}: `experiments` must be experiments. Received: {part}, which is of several"
            )
    configs = _configs(parts, contents, overrides)
    names = [config.name for config in configs]
    if len({several.name, *names}) <= len(parts):
        raise ValueError(
            f"{path}: `experiments` must have different names, and none that of their plan. "
            f"Received: {shortened(names)} in {shortened(several.name)}"
        )
    return Plan(several.name, configs)


class _Several(Section):
    name: FolderName
    experiments: list[str] = pydantic.Field(min_length=1)


def _configs(
    parts: Sequence[Path], contents: Sequence[dict[str, Any]], overrides: Sequence[str]
) -> tuple[Config, ...]:
    for content in contents:
        for override in overrides:
            set_value(content, override)
    # What is imported may do anything: first comes all that does not depend on it.
    for part, content in zip(parts, contents, strict=True):
        config = _validated(part, Config, content, BEFORE_IMPORTS)
        with _told_of(part):
            check_number_of_runs(config, 1 if config.targets == "all" else len(config.targets))
    return tuple(map(_config, parts, contents))


def _config(path: Path, content: dict[str, Any]) -> Config:
    with _told_of(path):
        import_modules(content.get("imports", ()))
    return _validated(path, Config, content)


@contextlib.contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Says of an error of what file it is."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _validated(path: Path, section: type[T], content: Any, context: str | None = None) -> T:
    try:
        return section.model_validate(content, context=context)
    except pydantic.ValidationError as error:
        told = sentences(error, section)
        raise ValueError("\n".join(f"{path}: {sentence}" for sentence in told)) from error


def _content(path: Path) -> dict[str, Any]:
    """What a YAML file holds."""
    text = read_text(path)
    try:
        content = parse_yaml(text)
    except ValueError as error:
        raise ValueError(f"The config {path} {error}") from error
    if not isinstance(content, dict):
        raise ValueError(
            f"The config {path} must hold keys and values. Received: {shortened(content)}"
        )
    return content
