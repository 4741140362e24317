"""Whether memory, threads and open files stay as they are, however long one trains.

    python -m performance.soak

takes 100,000 steps of a small network in one fit, and then 200 fits with a new model each, with
surgery and in plain Keras, each in a process of its own. It tells what the process holds after a
tenth of that, when all that is made once has been made, and at the end. It needs Linux.
"""

import gc
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from performance.measuring import apart, parser, show

DOMAINS, IMAGES, SIDE, CLASSES = 3, 64, 8, 4
BATCH = 8  # images per domain


def main() -> None:
    """Measures, prints the table, and writes it as CSV."""
    commands = parser(__doc__, "soak.csv")
    commands.add_argument("--steps", type=int, default=100_000, help="the steps of the one fit")
    commands.add_argument("--fits", type=int, default=200, help="the fits with a new model each")
    given = commands.parse_args()
    rows = []
    for function, number, unit in ((one_fit, given.steps, "steps"), (fits, given.fits, "fits")):
        for jit_compile in (False, True):
            for strategy in (None, "agr_sum"):
                early, late = apart(function, strategy, number, jit_compile)
                rows.append(
                    {
                        "of": f"{number} {unit}",
                        "jit_compile": jit_compile,
                        "way": strategy or "plain",
                        "MiB at a tenth": early[0] / 2**20,
                        "MiB at the end": late[0] / 2**20,
                        "threads": f"{early[1]} {late[1]}",
                        "files": f"{early[2]} {late[2]}",
                    }
                )
                print(rows[-1], flush=True)
    show(pd.DataFrame(rows), given.csv, floatfmt=".1f")


def one_fit(strategy: str | None, steps: int, jit_compile: bool) -> list[tuple[int, int, int]]:
    """What is held after a tenth of the steps of one fit, and after all of them."""
    import keras

    held = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            if epoch in (0, 9):
                held.append(holds())

    trainer = made(jit_compile)
    trainer(strategy, steps_per_epoch=steps // 10, epochs=10, callbacks=[Look()])
    return held


def fits(strategy: str | None, number: int, jit_compile: bool) -> list[tuple[int, int, int]]:
    """What is held after a tenth of the fits, and after all of them."""
    held = []
    trainer = made(jit_compile)
    for fit in range(1, number + 1):
        trainer(strategy, steps_per_epoch=2)
        if fit in (max(1, number // 10), number):
            gc.collect()
            held.append(holds())
    return held


def made(jit_compile: bool) -> Callable[..., None]:
    """What trains a new model of the same network."""
    import keras
    import numpy as np

    import dg_keras

    rng = np.random.default_rng(0)
    shape = (IMAGES, SIDE, SIDE, 3)
    domains = {
        str(domain): (rng.random(shape, "float32"), rng.integers(CLASSES, size=IMAGES))
        for domain in range(DOMAINS)
    }
    net = keras.Sequential(
        [
            keras.Input(shape[1:]),
            keras.layers.Conv2D(16, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(CLASSES),
        ]
    )

    def train(strategy: str | None, **arguments: object) -> None:
        if strategy is None:
            model = keras.Sequential([net])
            batches = dg_keras.data.interleave(list(domains.values()), BATCH, seed=0)
            given = {"x": batches, "shuffle": False}
        else:
            model = dg_keras.DomainGeneralizer(net, strategy)
            given = {"x": domains, "batch_size": BATCH}
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adamw", loss, jit_compile=jit_compile)
        model.fit(**given, **arguments, verbose=0)

    return train


def holds() -> tuple[int, int, int]:
    """Bytes of memory, threads and open files of this process."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    lines = dict(line.split(":", 1) for line in status.splitlines())
    memory = 1024 * int(lines["VmRSS"].split()[0])
    return memory, int(lines["Threads"]), len(os.listdir("/proc/self/fd"))


if __name__ == "__main__":
    main()
