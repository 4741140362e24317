"""How much faster the Gram matrix makes similarities of per-sample gradients than a loop does.

    python -m performance.gradient_similarity

measures all cosines between the gradients of 3 domains x 16 samples, the two ways alternately: with
`dg_keras.analysis.GradientGram`, and with one tape per sample and a loop over pairs. AlexNet itself
(`--network alexnet`) takes minutes, as the loop holds 11 GB of gradients.
"""

import itertools
import time

from performance.measuring import alternately, compared, parser, show  # isort: split

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from dg_keras.analysis import GradientGram
from dg_keras.backbones import AlexNet

DOMAINS, SAMPLES, CLASSES = 3, 16, 7
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def main() -> None:
    """Measures, prints the table, and writes it as CSV where asked to."""
    arguments = parser(__doc__, "gradient_similarity.csv")
    arguments.add_argument("--network", choices=["alexnet-like", "alexnet"], default="alexnet-like")
    arguments.add_argument("--rounds", type=int, default=7, help="measurements of each way")
    given = arguments.parse_args()

    keras.utils.set_random_seed(0)
    net = AlexNet(CLASSES) if given.network == "alexnet" else alexnet_like()
    rng = np.random.default_rng(0)
    x = tf.constant(rng.uniform(0, 255, (DOMAINS * SAMPLES, *net.input_shape[1:])), tf.float32)
    y = tf.constant(rng.integers(CLASSES, size=DOMAINS * SAMPLES))
    gram = GradientGram(net, LOSS)

    ways = {
        "one tape per sample, loop over pairs": lambda: by_loop(net, x, y),
        "GradientGram": lambda: cosines_of(gram(x, y)),
    }
    start = time.perf_counter()
    ours = ways["GradientGram"]()
    first = time.perf_counter() - start
    difference = np.abs(ours - ways["one tape per sample, loop over pairs"]()).max()
    table = compared(alternately(ways, given.rounds), against="GradientGram")
    table.insert(0, "network", f"{given.network}, {net.count_params() / 1e6:.1f} M weights")
    show(table, given.csv)
    print(f"First call of GradientGram, with tracing: {first:.1f} s.")
    print(f"Largest difference between the cosines: {difference:.1e}, by the loop's float32 sums.")


def alexnet_like() -> keras.Model:
    """AlexNet in small, for images of 64 x 64: as many multiplications to a weight, 12."""
    stack = [keras.Input((64, 64, 3)), layers.Rescaling(1 / 255)]
    for filters, kernel_size, pooled in (
        (16, 5, 1),
        (48, 5, 1),
        (96, 3, 0),
        (64, 3, 0),
        (64, 3, 1),
    ):
        stack.append(layers.Conv2D(filters, kernel_size, padding="same", activation="relu"))
        if pooled:
            stack.append(layers.MaxPooling2D())
    stack.append(layers.Flatten())
    stack += [layers.Dense(1024, activation="relu"), layers.Dense(1024, activation="relu")]
    return keras.Sequential([*stack, layers.Dense(CLASSES)])


def by_loop(net: keras.Model, x: tf.Tensor, y: tf.Tensor) -> np.ndarray:
    """All cosines, `[n, n]`, of one gradient at a time and one pair at a time."""
    units = []
    for n in range(len(y)):
        with tf.GradientTape() as tape:
            loss = LOSS(y[n : n + 1], net(x[n : n + 1], training=False))
        gradient = tape.gradient(loss, net.trainable_variables)
        flat = tf.concat([tf.reshape(g, [-1]) for g in gradient], axis=0)
        units.append(flat / tf.norm(flat))
    cosines = np.eye(len(units))
    for i, j in itertools.combinations(range(len(units)), 2):
        cosines[i, j] = cosines[j, i] = float(tf.tensordot(units[i], units[j], 1))
    return cosines


def cosines_of(gram: np.ndarray) -> np.ndarray:
    """All cosines, `[n, n]`, of inner products."""
    norms = np.sqrt(np.diag(gram))
    return gram / np.outer(norms, norms)


if __name__ == "__main__":
    main()
