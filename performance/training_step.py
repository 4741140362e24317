"""What a training step costs beside one of plain Keras, through `fit`.

    python -m performance.training_step

trains the same network on the same images with the same optimizer, plainly and with every strategy,
a few steps of each alternately. `--setting` picks some of the settings, `--strategy` some of the
strategies, `--objective` objectives instead, with the strategy `agr_sum`, or with the one that
`--strategy` names; "all" is all of them. Each
setting has a process of its own; so have four methods, beside plain Keras, since all of AlexNet's
would not fit in memory.
"""

import importlib
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from performance.measuring import alternately, apart, compared, parser, show
from performance.networks import batches, compiled, made

DOMAINS = 3
STRATEGIES = ("mean", "agr_sum", "pcgrad", "agr_rand")
PLAIN = "plain"
TOGETHER = 4


class Setting(NamedTuple):
    """What is trained, and how often it is measured."""

    network: str
    batch_size: int  # images per domain
    jit_compile: bool | str
    steps: int  # per measurement
    rounds: int
    at_once: int = 1  # `steps_per_execution`


SETTINGS = {
    "alexnet-32-xla": Setting("AlexNet", 32, True, 2, 3),
    "alexnet-8-xla": Setting("AlexNet", 8, True, 3, 3),
    "alexnet-32": Setting("AlexNet", 32, False, 2, 3),
    "alexnet-8": Setting("AlexNet", 8, False, 3, 3),
    "efficientnet_lite0-32": Setting("EfficientNetLite0", 32, False, 2, 3),
    "small-32-auto": Setting("small", 32, "auto", 2000, 9),
    "small-32-auto-at-once": Setting("small", 32, "auto", 4000, 9, at_once=50),
    "small-32": Setting("small", 32, False, 2000, 9),
    "small-32-at-once": Setting("small", 32, False, 4000, 9, at_once=50),
    "small-32-xla": Setting("small", 32, True, 2000, 9),
    "small-32-xla-at-once": Setting("small", 32, True, 4000, 9, at_once=50),
}


def main() -> None:
    """Measures, prints the table, and writes it as CSV."""
    arguments = parser(__doc__, "training_step.csv")
    arguments.add_argument("--setting", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    arguments.add_argument("--strategy", nargs="+")
    arguments.add_argument("--objective", nargs="+")
    given = arguments.parse_args()
    kind, names, beside = "strategy", given.strategy or list(STRATEGIES), {}
    if given.objective is not None:
        (strategy,) = given.strategy or ["agr_sum"]
        kind, names, beside = "objective", given.objective, {"strategy": strategy}
    if names == ["all"]:
        names = apart(names_of, kind)
    groups = [names[i : i + TOGETHER] for i in range(0, len(names), TOGETHER)]
    tables = [
        apart(measure, setting, (PLAIN, *group), kind, beside)
        for setting in given.setting
        for group in groups
    ]
    show(pd.concat(tables), given.csv)


def names_of(kind: str) -> list[str]:
    """The names of all of this library's strategies, or objectives."""
    module = {"strategy": "dg_keras.strategies.get", "objective": "dg_keras.objectives.get"}[kind]
    return list(importlib.import_module(module).BY_NAME)


def measure(
    setting: str,
    ways: Sequence[str] = (PLAIN, *STRATEGIES),
    kind: str = "strategy",
    beside: Mapping[str, str] | None = None,
    **more: int,
) -> pd.DataFrame:
    """The steps of one setting.

    Args:
        setting: One of `SETTINGS`.
        ways: `PLAIN`, and strategies or objectives.
        kind: Which of the two, "strategy" or "objective".
        beside: What else the models are made with, such as objectives' strategy.
        **more: Replaces the setting's numbers of steps or rounds.
    """
    import dg_keras

    told = SETTINGS[setting]._replace(**more)
    data = batches(told.network, DOMAINS * told.batch_size)

    def build(way: str) -> Any:
        model = made(told.network)
        if way != PLAIN:
            made_with: dict[str, Any] = {kind: way, **(beside or {})}
            model = dg_keras.DomainGeneralizer(model, domains=DOMAINS, **made_with)
        return compiled(model, jit_compile=told.jit_compile, steps_per_execution=told.at_once)

    models = {way: build(way) for way in ways}

    def fit(model: Any) -> Any:
        return model.fit(data, steps_per_epoch=told.steps, shuffle=False, verbose=0)

    first = {}
    for way, model in models.items():
        start = time.perf_counter()
        fit(model)
        first[way] = time.perf_counter() - start
    fits = {way: lambda model=model: fit(model) for way, model in models.items()}
    table = compared(alternately(fits, told.rounds), against=ways[0], per=told.steps)
    table.insert(0, "setting", setting)
    # With tracing and compiling.
    return table.assign(**{"first fit, s": list(first.values())})


if __name__ == "__main__":
    main()
