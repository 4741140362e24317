"""What the merge alone costs, beside moving as much memory.

    python -m performance.merge

merges the gradients of three domains for AlexNet's 57 million weights, compiled by XLA, into
variables that are there; and, in the same rounds, lets NumPy read three arrays of that size and
write one, a thread a core. A gradient that is made anew costs its page faults besides; `fresh` says
how much.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from performance.measuring import alternately, compared, parser, show

STRATEGIES = ("mean", "agr_sum", "agr_rand", "pcgrad")
DOMAINS = 3
BLOCK = 2**16  # components: in cache, so that the second sum reads what the first wrote there


def main() -> None:
    """Measures, prints the table, and writes it as CSV."""
    arguments = parser(__doc__, "merge.csv")
    arguments.add_argument("--rounds", type=int, default=9)
    given = arguments.parse_args()

    import tensorflow as tf

    import dg_keras

    gradients = of_domains()
    ways = {"memory": _memory(sum(int(np.prod(g.shape)) for g in gradients[0]))}
    ways |= {name: waiting_for(way) for name, way in into_variables(gradients).items()}
    fresh = tf.function(dg_keras.strategies.get("mean"), jit_compile=True, autograph=False)
    ways["mean, fresh"] = lambda: fresh(gradients, tf.constant(1, tf.int64))
    for way in ways.values():
        way()
    show(compared(alternately(ways, given.rounds), against="memory"), given.csv)


def of_domains() -> list[list[Any]]:
    """The domains' gradients for AlexNet."""
    import tensorflow as tf

    import dg_keras

    shapes = [v.shape for v in dg_keras.backbones.AlexNet(7).trainable_variables]
    return [[tf.random.normal(shape) for shape in shapes] for _ in range(DOMAINS)]


def into_variables(gradients: list[list[Any]]) -> dict[str, Callable[[], Any]]:
    """Each strategy's merge, which returns a number that is there when the merge is."""
    import tensorflow as tf

    import dg_keras

    merged = [tf.Variable(tf.zeros_like(gradient)) for gradient in gradients[0]]
    step = tf.constant(1, tf.int64)

    def way(strategy: dg_keras.strategies.Strategy) -> Callable[[], Any]:
        @tf.function(jit_compile=True, autograph=False)
        def merge(gradients: list[list[tf.Tensor]], step: tf.Tensor) -> tf.Tensor:
            for variable, value in zip(merged, strategy(gradients, step), strict=True):
                variable.assign(value)
            return tf.reduce_sum(merged[-1])  # a bias

        return lambda: merge(gradients, step)

    return {name: way(dg_keras.strategies.get(name)) for name in STRATEGIES}


def waiting_for(way: Callable[[], Any], times: int = 1) -> Callable[[], None]:
    """The way, so many times, until the device is through."""

    def wait() -> None:
        for _ in range(times):
            last = way()
        last.numpy()

    return wait


def _memory(components: int) -> Any:
    """Reads as many arrays as there are domains, and writes one."""
    cores = os.cpu_count() or 1
    read = np.ones((cores, DOMAINS, components // cores), np.float32)
    written = np.ones((cores, components // cores), np.float32)

    def add_up(core: int) -> None:
        for start in range(0, written.shape[1], BLOCK):
            block = slice(start, start + BLOCK)
            out = written[core, block]
            np.add(read[core, 0, block], read[core, 1, block], out=out)
            for domain in range(2, DOMAINS):
                out += read[core, domain, block]

    pool = ThreadPoolExecutor(cores)
    return lambda: list(pool.map(add_up, range(cores)))


if __name__ == "__main__":
    main()
