"""What it costs to look for infinities and NaNs in every training step.

    python -m performance.nonfinite

trains the same network with each `on_nonfinite`, a few steps of each alternately, with Agr-Sum and
Deep-All. `--setting` picks some of the settings; each has a process of its own.
"""

from typing import Any

import pandas as pd

from performance.measuring import alternately, apart, compared, parser, show

DOMAINS = 3
STRATEGIES = ("agr_sum", "mean")
POLICIES = ("ignore", "raise", "skip")

# Network, its images' side, images per domain, jit_compile, steps per measurement, measurements.
SETTINGS = {
    "alexnet-8-xla": ("AlexNet", 224, 8, True, 3, 15),
    "efficientnet_lite0-32": ("EfficientNetLite0", 96, 32, False, 3, 11),
    "small-32": ("small", 16, 32, False, 300, 15),
    "small-32-xla": ("small", 16, 32, True, 300, 15),
}


def main() -> None:
    """Measures, prints the table, and writes it as CSV."""
    arguments = parser(__doc__, "nonfinite.csv")
    arguments.add_argument("--setting", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    given = arguments.parse_args()
    settings = [(name, strategy) for name in given.setting for strategy in STRATEGIES]
    show(pd.concat([apart(measure, *setting) for setting in settings]), given.csv)


def measure(setting: str, strategy: str) -> pd.DataFrame:
    """The steps of one setting."""
    import keras
    import tensorflow as tf

    import dg_keras

    network, size, batch_size, jit_compile, steps, rounds = SETTINGS[setting]
    keras.utils.set_random_seed(0)
    x = tf.random.uniform([DOMAINS * batch_size, size, size, 3], maxval=255)
    y = tf.random.uniform([DOMAINS * batch_size], maxval=7, dtype=tf.int32)
    batches = dg_keras.data.without_tuner(tf.data.Dataset.from_tensors((x, y)).repeat())

    def build(policy: str) -> keras.Model:
        keras.utils.set_random_seed(0)
        if network == "small":
            layers = [keras.layers.Flatten(), keras.layers.Dense(32, "relu")]
            net = keras.Sequential([keras.Input((size, size, 3)), *layers, keras.layers.Dense(7)])
        elif network == "AlexNet":
            net = dg_keras.backbones.AlexNet(7)
        else:
            net = dg_keras.backbones.EfficientNetLite0(7, image_size=size)
        model = dg_keras.DomainGeneralizer(net, strategy, domains=DOMAINS, on_nonfinite=policy)
        model.compile(
            keras.optimizers.AdamW(1e-5, weight_decay=5e-5),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=jit_compile,
        )
        return model

    def fit(model: keras.Model) -> Any:
        return model.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0)

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
