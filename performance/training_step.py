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
    import keras
    import tensorflow as tf

    import dg_keras

    network, batch_size, jit_compile, steps, rounds = SETTINGS[setting]
    size = {"AlexNet": 224, "EfficientNetLite0": 96, "small": 16}[network]
    keras.utils.set_random_seed(0)
    x = tf.random.uniform([DOMAINS * batch_size, size, size, 3], maxval=255)
    y = tf.random.uniform([DOMAINS * batch_size], maxval=7, dtype=tf.int32)
    batches = dg_keras.data.without_tuner(tf.data.Dataset.from_tensors((x, y)).repeat())

    def build(way: str) -> keras.Model:
        keras.utils.set_random_seed(0)
        if network == "small":
            layers = [keras.layers.Flatten(), keras.layers.Dense(32, "relu")]
            net = keras.Sequential([keras.Input((16, 16, 3)), *layers, keras.layers.Dense(7)])
        elif network == "AlexNet":
            net = dg_keras.backbones.AlexNet(7)
        else:
            net = dg_keras.backbones.EfficientNetLite0(7, image_size=size)
        strategy, _, together = way.partition(", ")
        model = net
        if strategy != "plain":
            model = dg_keras.DomainGeneralizer(net, strategy, domains=DOMAINS)
        model.compile(
            optimizer=keras.optimizers.AdamW(1e-5, weight_decay=5e-5),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=jit_compile,
            steps_per_execution=int(together.split()[0]) if together else 1,
        )
        return model

    ways = ["plain", *STRATEGIES]
    if network == "small":
        ways = [f"{way}{more}" for way in ("plain", "agr_sum") for more in ("", ", 50 at once")]
    models = {way: build(way) for way in ways}

    def fit(model: keras.Model) -> Any:
        return model.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0)

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
