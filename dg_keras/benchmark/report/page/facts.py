"""How an experiment was run."""

import statistics
from collections.abc import Sequence

from dg_keras.benchmark.config.config import Config, Optimizer
from dg_keras.benchmark.config.grid_settings import SETTINGS
from dg_keras.benchmark.config.setting_text import setting_text
from dg_keras.benchmark.records.record import Record
from dg_keras.benchmark.report.page.method_in_words import method_in_words
from dg_keras.common.duration import duration

_DECAYS = {
    "adamw": "Keras' AdamW: a step shrinks a weight by learning rate * weight decay of it",
    "adamw_per_step": "AdamW as in tensorflow-addons: a step shrinks a weight by weight decay of "
    "it, whatever the learning rate",
    "adam_l2": "PyTorch's Adam with coupled L2: weight decay * weight is added to the gradient "
    "after surgery, for every weight and bias",
}


def facts(config: Config, records: Sequence[Record], planned: int) -> list[tuple[str, list[str]]]:
    """What an experiment's runs had in common, with units.

    Args:
        config: The experiment.
        records: Of the runs that have been done, at least one.
        planned: How many runs there are to be.

    Returns:
        Terms, each with one sentence or several.
    """
    found = [
        ("Data", [_data(config)]),
        ("Held out", [", ".join(dict.fromkeys(record.target for record in records))]),
        ("Methods", [method_in_words(config, method) for method in config.methods]),
        ("Network", [_network(config)]),
        ("Training", [_training(config)]),
        ("Optimizer", [_optimizer(config.training.optimizer)]),
    ]
    if config.grid is not None:
        tried = [
            f"{SETTINGS[name]}: {', '.join(map(setting_text, values))}"
            for name, values in config.grid.searched.items()
        ]
        term = "Settings tried" if len(records) >= planned else "Settings to be tried"
        found.append((term, [*tried, "They take the place of what is told above."]))
    return [
        *found,
        ("Trials", [_trials(config, len(records), planned)]),
        ("Time", [_time(records)]),
        ("Versions and machines", _versions(records)),
    ]


def _data(config: Config) -> str:
    size = config.data.image_size
    if config.grid is not None and config.grid.choose == "for_all":
        tested = "A held-out domain is looked at only as a source of other runs"
    elif config.grid is not None:
        tested = "Nothing of a held-out domain is looked at"
    elif config.data.test == "whole":
        tested = "A held-out domain is tested whole"
    else:
        tested = "A held-out domain is tested on its test part"
    return f"{config.data.name}, images of {size} by {size} pixels. {tested}."


def _network(config: Config) -> str:
    backbone = config.backbone
    weights = f"weights {backbone.weights}" if backbone.weights else "random weights"
    arguments = "".join(f", {name} {value}" for name, value in backbone.arguments.items())
    frozen = ""
    if backbone.train_from:
        frozen = f"; trained from the end of layer {backbone.train_from} on, frozen before it"
    return f"{backbone.name}, {weights}{arguments}{frozen}."


def _training(config: Config) -> str:
    training = config.training
    if config.grid is not None:
        counts = {
            "best": "the best of these",
            "last": "the last of these",
            "average": "that of the average of all steps in a valley of the loss there, or of the "
            "latest where it has none",
        }
        used = f"{counts[training.selection]} counts"
    elif training.selection == "best":
        used = "tested at the step that was best there"
    elif training.selection == "average":
        used = (
            "tested with the average of all steps in a valley of the loss there, or of the latest "
            "where it has none"
        )
    else:
        used = "tested at the last step"
    if any(method.selection for method in config.methods):
        used += ", unless a method says otherwise"
    compiled = " The step is compiled with XLA." if training.jit_compile else ""
    return (
        f"{training.steps} steps of {training.batch_size} images per source domain; validated on "
        f"the sources' validation parts every {training.evaluate_every} steps, {used}.{compiled}"
    )


def _optimizer(optimizer: Optimizer) -> str:
    return (
        f"{optimizer.name}, learning rate {optimizer.learning_rate:g}, weight decay "
        f"{optimizer.weight_decay:g}, epsilon {optimizer.epsilon:g}, unless a method says "
        f"otherwise ({_DECAYS[optimizer.name]})."
    )


def _trials(config: Config, runs: int, planned: int) -> str:
    done = "" if runs >= planned else f", of whose {planned} runs {runs} have been done"
    return (
        f"{config.trials} per method and held-out domain{done}. A run's seed is made of "
        f"{config.seed}, the data set, the held-out domain and the trial, not of the method, so "
        "that the same trial of two methods is a pair."
    )


def _time(records: Sequence[Record]) -> str:
    seconds = [record.seconds.total for record in records]
    if len(seconds) == 1:
        return f"1 run, {duration(seconds[0])}."
    return (
        f"{len(seconds)} runs, {duration(sum(seconds))} in all, "
        f"{duration(statistics.median(seconds))} per run (median); runs side by side count each."
    )


def _versions(records: Sequence[Record]) -> list[str]:
    """Each set of versions that took part, and in how many runs if there are several."""
    sets: dict[tuple[tuple[str, str], ...], int] = {}
    for record in records:
        versions = tuple(record.versions.items())
        sets[versions] = sets.get(versions, 0) + 1
    texts = []
    for versions, runs in sets.items():
        text = ", ".join(f"{name} {version}" for name, version in versions)
        texts.append(text if len(sets) == 1 else f"{text} ({runs} runs)")
    return texts
