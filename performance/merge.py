"""What the merge alone costs, beside moving as much memory.

    python -m performance.merge

merges the gradients of three domains for AlexNet's 57 million weights, compiled by XLA, into
variables that are there; and, in the same rounds, lets NumPy read three arrays of that size and
write one, a thread a core. A gradient that is made anew costs its page faults besides; `fresh` says
how much.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from performance.measuring import alternately, compared, parser, show

DOMAINS = 3
BLOCK = 2**16  # components: in cache, so that the second sum reads what the first wrote there


def main() -> None:
    """Measures, prints the table, and writes it as CSV."""
    arguments = parser(__doc__, "merge.csv")
    arguments.add_argument("--rounds", type=int, default=9)
    given = arguments.parse_args()

    import tensorflow as tf

    import dg_keras

    shapes = [v.shape for v in dg_keras.backbones.AlexNet(7).trainable_variables]
    gradients = [[tf.random.normal(shape) for shape in shapes] for _ in range(DOMAINS)]
    merged = [tf.Variable(tf.zeros(shape)) for shape in shapes]
    step = tf.constant(1, tf.int64)

    def into_variables(strategy: dg_keras.strategies.Strategy) -> Any:
        @tf.function(jit_compile=True, autograph=False)
        def merge(gradients: list[list[tf.Tensor]], step: tf.Tensor) -> None:
            for variable, value in zip(merged, strategy(gradients, step), strict=True):
                variable.assign(value)

        return lambda: merge(gradients, step)

    names = ("mean", "agr_sum", "agr_rand", "pcgrad")
    strategies = {name: dg_keras.strategies.get(name) for name in names}
    ways = {"memory": _memory(sum(int(np.prod(shape)) for shape in shapes))}
    ways |= {name: into_variables(strategy) for name, strategy in strategies.items()}
    fresh = tf.function(strategies["mean"], jit_compile=True, autograph=False)
    ways["mean, fresh"] = lambda: fresh(gradients, step)
    for way in ways.values():
        way()
    show(compared(alternately(ways, given.rounds), against="memory"), given.csv)


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
