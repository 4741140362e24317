"""Records as runs will leave them, to try on them what comes after the runs."""

import itertools
from collections.abc import Iterator, Sequence

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.config.grid_settings import grid_settings
from dg_keras.benchmark.records.record import (
    Conflicts,
    Divergence,
    Record,
    Result,
    Seconds,
    Similarity,
)

_TRIALS = 2  # from which on there are deviations, intervals and bands
_LAYERS = ("first_layer", "last_layer")


def made_up_records(
    config: Config, targets: Sequence[str], domains: Sequence[str]
) -> Iterator[Record]:
    """A record of every method on every held-out domain, twice where there are several trials.

    The last of several has diverged, and an image was skipped, so that what is told of that is
    tried, too.

    Args:
        config: The experiment.
        targets: The domains to hold out.
        domains: All domains.
    """
    every = config.training.evaluate_every
    steps = list(range(every, config.training.steps + 1, every))
    trials = range(1, min(config.trials, _TRIALS) + 1)
    methods = [m for setting in grid_settings(config) for m in setting.methods.values()]
    made = list(itertools.product(methods, targets, trials))
    for number, (method, target, trial) in enumerate(made):
        accuracy = 0.5 + 0.4 * (number * 7 % 11) / 11  # whatever tells them apart
        tested = {} if config.grid is not None else _tested(accuracy)
        diverged = 0 < number == len(made) - 1
        yield Record(
            method=method.name,
            target=target,
            trial=trial,
            seed=config.run_seed(target, trial),
            config=config.of_run(method, target),
            split=None,
            weights=None,
            skipped_images=1,
            result=None if diverged else Result(validation_accuracy=accuracy, **tested),
            selected_step=None if diverged else steps[-1],
            diverged=Divergence(step=1, domain=None, loss=None) if diverged else None,
            history_steps=steps,
            history=_history(config, target, domains, [accuracy] * len(steps)),
            similarity=_similarity(steps) if config.along_training.gradients else None,
            conflicts=_conflicts(steps) if config.along_training.gradients else None,
            seconds=Seconds(prepare=1.0, train=60.0, test=1.0),
            versions={"made up": "0"},
        )


def _tested(accuracy: float) -> dict[str, float]:
    """The measures on the held-out domain."""
    measures = ("accuracy", "balanced_accuracy", "new_concepts_accuracy")
    return dict.fromkeys(measures, accuracy)


def _history(
    config: Config, target: str, domains: Sequence[str], values: Sequence[float]
) -> dict[str, Sequence[float]]:
    """What is recorded at every evaluation."""
    sources = [domain for domain in domains if domain != target]
    keys = ["val_accuracy", *(f"loss/{domain}" for domain in sources)]
    if config.along_training.accuracy:
        keys += [f"val_accuracy/{domain}" for domain in sources]
        keys += [f"test_accuracy/{target}"] if config.grid is None else []
    return dict.fromkeys(keys, values)


def _similarity(steps: list[int]) -> Similarity:
    return Similarity(steps=steps, within=[0.5] * len(steps), between=[0.25] * len(steps))


def _conflicts(steps: list[int]) -> Conflicts:
    return Conflicts(steps=steps, shares={layer: [0.25] * len(steps) for layer in _LAYERS})
