"""`--set` of the command line."""

from typing import Any

from dg_keras.benchmark.config.parse_yaml import parse_yaml
from dg_keras.common.shortened import shortened


def set_value(content: dict[str, Any], override: str) -> None:
    """Puts a value in its place among a config's keys and values.

    Args:
        content: What is changed.
        override: "key=value", the key dotted ("training.steps=10"), the value YAML.

    Raises:
        ValueError: If it is nothing of that kind, or the place is not to be had.
    """
    key, separator, text = override.partition("=")
    *sections, last = key.split(".")
    if not separator or not all([*sections, last]):
        raise ValueError(
            f"--set must be key=value, such as training.steps=10. Received: {shortened(override)}"
        )
    for name in sections:
        content = content.setdefault(name, {})
        if not isinstance(content, dict):
            raise ValueError(
                f"--set must name keys of sections. Received: {shortened(key)}, where "
                f"{shortened(name)} is the value {shortened(content)}"
            )
    try:
        content[last] = parse_yaml(text)
    except ValueError as error:
        raise ValueError(f"--set: the value of {shortened(key)} {error}") from error
