"""What it costs to look for infinities and NaNs in every training step.

    python -m performance.nonfinite

trains the same network with each `on_nonfinite`, a few steps of each alternately, with Agr-Sum and
Deep-All. `--setting` picks some of the settings, `--strategy` one of the two; each pair has a
process of its own.
"""

from typing import Any

import pandas as pd

from performance.measuring import alternately, apart, compared, parser, show
from performance.networks import batches, compiled, made

DOMAINS = 3
STRATEGIES = ("agr_sum", "mean")
POLICIES = ("ignore", "raise", "skip")

# Network, images per domain, jit_compile, steps per measurement, measurements.
SETTINGS = {
    "alexnet-8-xla": ("AlexNet", 8, True, 3, 15),
    "efficientnet_lite0-32": ("EfficientNetLite0", 32, False, 3, 11),
    "small-32": ("small", 32, False, 300, 15),
    "small-32-xla": ("small", 32, True, 300, 15),
}


def main() -> None:
    """Measures, prints the table, and writes it as CSV."""
    arguments = parser(__doc__, "nonfinite.csv")
    arguments.add_argument("--setting", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    arguments.add_argument("--strategy", nargs="+", choices=STRATEGIES, default=list(STRATEGIES))
    given = arguments.parse_args()
    settings = [(name, strategy) for name in given.setting for strategy in given.strategy]
    show(pd.concat([apart(measure, *setting) for setting in settings]), given.csv)


def measure(setting: str, strategy: str) -> pd.DataFrame:
    """The steps of one setting."""
    import dg_keras

    network, batch_size, jit_compile, steps, rounds = SETTINGS[setting]
    data = batches(network, DOMAINS * batch_size)

    def build(policy: str) -> Any:
        model = dg_keras.DomainGeneralizer(
            made(network), strategy, domains=DOMAINS, on_nonfinite=policy
        )
        return compiled(model, jit_compile=jit_compile)

    def fit(model: Any) -> Any:
        return model.fit(data, steps_per_epoch=steps, shuffle=False, verbose=0)

    models = {policy: build(policy) for policy in POLICIES}
    for model in models.values():
        fit(model)
    fits = {policy: lambda model=model: fit(model) for policy, model in models.items()}
    table = compared(alternately(fits, rounds), against="ignore", per=steps)
    table.insert(0, "strategy", strategy)
    table.insert(0, "setting", setting)
    return table


if __name__ == "__main__":
    main()
