"""What more domains cost at the same number of images per step.

    python -m performance.domains

trains AlexNet in small (5 million weights, 64 pixels) with Agr-Sum on 256 images per step from 2 to
32 domains: all domains compiled into one step, and one domain after the other (`in_turn=True`).
The first `fit` of one step is tracing and compiling.
"""

import functools
import time

import pandas as pd

from performance.measuring import alternately, compared, parser, show

IMAGES = 256
NUMBERS = (2, 3, 4, 8, 16, 32)
STEPS, ROUNDS = 2, 3


def main() -> None:
    """Measures, prints the table, and writes it as CSV."""
    given = parser(__doc__, "domains.csv").parse_args()

    import keras
    import tensorflow as tf

    import dg_keras
    from performance.gradient_similarity import alexnet_like

    x = tf.random.uniform([IMAGES, 64, 64, 3], maxval=255)
    y = tf.random.uniform([IMAGES], maxval=7, dtype=tf.int32)
    tables = []
    for in_turn in (False, True):
        fits, first = {}, []
        for domains in NUMBERS:
            keras.utils.set_random_seed(0)
            # The last images are left out where the domains do not share them evenly.
            batch = IMAGES // domains * domains
            batches = tf.data.Dataset.from_tensors((x[:batch], y[:batch])).repeat()
            batches = dg_keras.data.without_tuner(batches)
            model = dg_keras.DomainGeneralizer(
                alexnet_like(), "agr_sum", domains=domains, in_turn=in_turn
            )
            model.compile(
                optimizer=keras.optimizers.AdamW(1e-4),
                loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                jit_compile=True,
            )
            fit = functools.partial(model.fit, batches, shuffle=False, verbose=0)
            start = time.perf_counter()
            fit(steps_per_epoch=1)
            first.append(time.perf_counter() - start)
            fits[f"{domains} domains"] = functools.partial(fit, steps_per_epoch=STEPS)
        table = compared(alternately(fits, ROUNDS), against="2 domains", per=STEPS)
        table.insert(0, "in_turn", in_turn)
        tables.append(table.assign(**{"first step, s": first}))
    show(pd.concat(tables), given.csv)


if __name__ == "__main__":
    main()
