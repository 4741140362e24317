"""What the settings of a grid search make of its config."""

import dataclasses
from collections.abc import Container
from typing import Any

from dg_keras.benchmark.config.config import SHARED, Config, Method, Setting
from dg_keras.benchmark.config.setting_text import setting_text

SETTINGS = {
    "image_size": "image size, pixels",
    "train_from": "trained from",
    "batch_size": "images per domain",
    "learning_rate": "learning rate",
    "weight_decay": "weight decay",
}
"""What tables and figures call a setting, by its name in `Grid`."""

_WORDS = {
    "image_size": "{} pixels",
    "train_from": "from {}",
    "batch_size": "batch {}",
    "learning_rate": "rate {}",
    "weight_decay": "decay {}",
}


@dataclasses.dataclass(frozen=True)
class GridSetting:
    """A setting of a grid search, or the only one of an experiment that searches none.

    Args:
        values: What the setting is, by its name in `Grid`.
        config: The experiment with what all methods share in this setting.
        methods: The methods with this setting, and its words in their names; by their own names.
    """

    values: dict[str, Any]
    config: Config
    methods: dict[str, Method]


def grid_settings(config: Config) -> list[GridSetting]:
    """All settings of an experiment.

    Those that do not differ in what methods share have one config, the same object, by which
    workers know that they have its network.

    Args:
        config: The experiment, with a `grid` or without.
    """
    if config.grid is None:
        return [GridSetting({}, config, {method.name: method for method in config.methods})]
    configs: dict[tuple[Any, ...], Config] = {}
    settings = []
    for values in config.grid.settings:
        shared = tuple(values.get(name) for name in SHARED)
        trained = configs.setdefault(shared, with_shared(config, values))
        settings.append(_setting(config, values, trained))
    return settings


def _setting(config: Config, values: dict[str, Any], trained: Config) -> GridSetting:
    words = ", ".join(_WORDS[name].format(setting_text(value)) for name, value in values.items())
    own: dict[str, Any] = {
        name: values[name] for name in ("learning_rate", "weight_decay") if name in values
    }
    methods = {
        method.name: method.model_copy(
            update={
                **{"name": f"{method.name}, {words}", "targets": without(method.targets, own)},
                **own,
            }
        )
        for method in config.methods
    }
    return GridSetting(values, trained, methods)


def without(targets: dict[str, Setting], searched: Container[str]) -> dict[str, Setting]:
    """A method's own settings where some domain is held out, but for those that are searched."""
    left = {}
    for target, setting in targets.items():
        given = setting.model_dump(exclude_none=True).items()
        left[target] = Setting(**{name: value for name, value in given if name not in searched})
    return {target: setting for target, setting in left.items() if setting != Setting()}


def with_shared(config: Config, values: dict[str, Any]) -> Config:
    """The experiment with those of a setting's values that all methods share."""
    places = {"image_size": "data", "train_from": "backbone", "batch_size": "training"}
    sections = {
        place: getattr(config, place).model_copy(update={name: values[name]})
        for name, place in places.items()
        if name in values
    }
    return config.model_copy(update=sections) if sections else config
