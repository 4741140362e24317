"""What a method is, in words."""

from typing import Any

from dg_keras.benchmark.config.config import Config, Method, Setting

_SELECTED = {
    "best": "at the step that was best on the sources",
    "last": "at the last step",
    "average": "with the average of all steps in a valley of the sources' loss, or of the latest "
    "where it has none",
}


def method_in_words(config: Config, method: Method) -> str:
    """A method with its objective, its strategy, and the settings that are its own.

    Such as "IRM (objective irm with anneal_steps 30; strategy mean)".

    Args:
        config: The experiment.
        method: One of its methods.
    """
    parts = [f"objective {_plug_in(method.objective)}", f"strategy {_plug_in(method.strategy)}"]
    if method.batches == "one_domain":
        parts.append("all batches of a step from one source, drawn anew for each step")
    if method.selection is not None:
        used = "tested" if config.grid is None else "counts"  # a search tests nothing
        parts.append(f"{used} {_SELECTED[method.selection]}")
    parts += [text for text in [_setting(method)] if text]
    parts += [
        f"{text} where {target} is held out"
        for target, own in method.targets.items()
        if (text := _setting(own))
    ]
    return f"{method.name} ({'; '.join(parts)})"


def _plug_in(plug_in: str | dict[str, Any]) -> str:
    """An objective or a strategy with its arguments."""
    if isinstance(plug_in, str):
        return plug_in
    arguments = [f"{name} {value}" for name, value in plug_in.get("config", {}).items()]
    return " with ".join([plug_in["class_name"], *filter(None, [_listed(arguments)])])


def _setting(setting: Method | Setting) -> str:
    """What replaces the optimizer's settings; empty where nothing does."""
    own = {"learning rate": setting.learning_rate, "weight decay": setting.weight_decay}
    return _listed([f"{name} {value:g}" for name, value in own.items() if value is not None])


def _listed(texts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))
