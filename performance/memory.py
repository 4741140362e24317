"""How much more memory a step with surgery needs than a plain one.

    python -m performance.memory

trains AlexNet on 48 images per step, each way in a process of its own, and tells how far its peak
of memory, after the first step with its tracing and compiling, is above that of plain `fit`, in
gradients: 57 million weights, 228 MB each. It needs Linux, which lets a process reset its peak.
"""

import pandas as pd

from performance.measuring import apart, parser, show

IMAGES, STEPS = 48, 2

# Strategy (None for plain Keras), domains, in_turn.
WAYS = [
    (None, 1, False),
    ("agr_sum", 3, False),
    ("agr_sum", 3, True),
    ("agr_sum", 16, True),
    ("agr_rand", 3, True),
    ("agr_rand", 16, True),
    ("pcgrad", 3, False),
]


def main() -> None:
    """Measures, prints the table, and writes it as CSV."""
    given = parser(__doc__, "memory.csv").parse_args()
    rows = []
    for jit_compile in (True, False):
        plain = None
        for strategy, domains, in_turn in WAYS:
            peak, gradient = apart(measure, strategy, domains, in_turn, jit_compile)
            plain = peak if plain is None else plain
            rows.append(
                {
                    "jit_compile": jit_compile,
                    "way": strategy or "plain",
                    "domains": domains,
                    "in_turn": in_turn,
                    "peak, MiB": peak / 2**20,
                    "more than plain, gradients": (peak - plain) / gradient,
                }
            )
    show(pd.DataFrame(rows), given.csv, floatfmt=".2f")


def measure(
    strategy: str | None, domains: int, in_turn: bool, jit_compile: bool
) -> tuple[int, int]:
    """The peak of memory of some steps, and the size of a gradient, in bytes."""
    import keras
    import tensorflow as tf

    import dg_keras
    from dg_keras.benchmark.estimate.peak_memory import forget_peak, peak_memory

    keras.utils.set_random_seed(0)
    x = tf.random.uniform([IMAGES, 224, 224, 3], maxval=255)
    y = tf.random.uniform([IMAGES], maxval=7, dtype=tf.int32)
    batches = dg_keras.data.without_tuner(tf.data.Dataset.from_tensors((x, y)).repeat())
    net = dg_keras.backbones.AlexNet(7)
    model = net
    if strategy is not None:
        model = dg_keras.DomainGeneralizer(net, strategy, domains=domains, in_turn=in_turn)
    model.compile(
        optimizer=keras.optimizers.AdamW(1e-5, weight_decay=5e-5),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=jit_compile,
    )
    model.fit(batches, steps_per_epoch=1, shuffle=False, verbose=0)
    forget_peak()
    model.fit(batches, steps_per_epoch=STEPS, shuffle=False, verbose=0)
    return peak_memory(), 4 * net.count_params()


if __name__ == "__main__":
    main()
