"""What a training step costs beside one of plain Keras, through `fit`.

    python -m performance.training_step

trains the same network on the same images with the same optimizer, plainly and with every strategy,
a few steps of each alternately. `--setting` picks some of the settings; each has a process of its
own.
"""

import time
from typing import Any

import pandas as pd

from performance.measuring import alternately, apart, compared, parser, show
from performance.networks import batches, compiled, made

DOMAINS = 3
STRATEGIES = ("mean", "agr_sum", "pcgrad", "agr_rand")

# Network, images per domain, jit_compile, steps per measurement, measurements.
SETTINGS = {
    "alexnet-32-xla": ("AlexNet", 32, True, 2, 3),
    "alexnet-8-xla": ("AlexNet", 8, True, 3, 3),
    "alexnet-32": ("AlexNet", 32, False, 2, 3),
    "alexnet-8": ("AlexNet", 8, False, 3, 3),
    "efficientnet_lite0-32": ("EfficientNetLite0", 32, False, 2, 3),
    "small-32": ("small", 32, False, 400, 5),
}


def main() -> None:
    """Measures, prints the table, and writes it as CSV."""
    arguments = parser(__doc__, "training_step.csv")
    arguments.add_argument("--setting", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    given = arguments.parse_args()
    show(pd.concat([apart(measure, name) for name in given.setting]), given.csv)


def measure(setting: str) -> pd.DataFrame:
    """The steps of one setting."""
    import dg_keras

    network, batch_size, jit_compile, steps, rounds = SETTINGS[setting]
    data = batches(network, DOMAINS * batch_size)

    def build(way: str) -> Any:
        strategy, _, together = way.partition(", ")
        model = made(network)
        if strategy != "plain":
            model = dg_keras.DomainGeneralizer(model, strategy, domains=DOMAINS)
        at_once = int(together.split()[0]) if together else 1
        return compiled(model, jit_compile=jit_compile, steps_per_execution=at_once)

    ways = ["plain", *STRATEGIES]
    if network == "small":
        ways = [f"{way}{more}" for way in ("plain", "agr_sum") for more in ("", ", 50 at once")]
    models = {way: build(way) for way in ways}

    def fit(model: Any) -> Any:
        return model.fit(data, steps_per_epoch=steps, shuffle=False, verbose=0)

    first = {}
    for way, model in models.items():
        start = time.perf_counter()
        fit(model)
        first[way] = time.perf_counter() - start
    fits = {way: lambda model=model: fit(model) for way, model in models.items()}
    table = compared(alternately(fits, rounds), against="plain", per=steps)
    table.insert(0, "setting", setting)
    # With tracing and compiling.
    return table.assign(**{"first fit, s": list(first.values())})


if __name__ == "__main__":
    main()
