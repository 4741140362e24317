"""What several replicas send each other in a step, and the memory that they take.

    python -m performance.replicas

trains a dense network of 4 million weights on logical devices of the CPU, each case in a process
of its own, and counts what each replica hands to the collectives: a ring sends 2 (R - 1) / R of a
sum's bytes, and R - 1 times what a replica gathers. Time is not measured: all devices are one CPU.
"""

import itertools
from typing import Any

import pandas as pd

from performance.measuring import apart, parser, show

STRATEGIES = ["mean", "agr_sum", "agr_rand", "pcgrad"]
DOMAINS, REPLICAS, SAMPLES = (3, 8, 32), (2, 4), 4
WIDTH = 2000


def main() -> None:
    """Measures, prints the table, and writes it as CSV."""
    given = parser(__doc__, "replicas.csv").parse_args()
    rows = []
    for replicas, domains, strategy in itertools.product(REPLICAS, DOMAINS, STRATEGIES):
        if strategy == "pcgrad" and domains > 8:
            continue  # tracing its 528 inner products takes many minutes
        row = {"replicas": replicas, "domains": domains, "strategy": strategy}
        for is_parallel in (False, True) if domains >= replicas else (False,):
            found = apart(measure, strategy, domains, replicas, is_parallel)
            way = "whole domains" if is_parallel else "parts"
            row |= {f"{way}: {name}": value for name, value in found.items()}
        rows.append(row)
        print(row, flush=True)
    show(pd.DataFrame(rows), given.csv, floatfmt=".2f")


def measure(strategy: str, domains: int, replicas: int, is_parallel: bool) -> dict[str, float]:
    """Gradients that a replica sends in a step, and gradients of memory that it takes."""
    import keras
    import tensorflow as tf

    import dg_keras
    from dg_keras.benchmark.estimate.peak_memory import forget_peak, peak_memory

    (cpu,) = tf.config.list_physical_devices("CPU")
    logical = [tf.config.LogicalDeviceConfiguration()] * replicas
    tf.config.set_logical_device_configuration(cpu, logical)
    keras.utils.set_random_seed(0)
    sent: list[float] = []
    _count(tf.distribute.ReplicaContext, replicas, sent)
    with tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(replicas)]).scope():
        net = keras.Sequential(
            [
                keras.Input((WIDTH,)),
                keras.layers.Dense(WIDTH, activation="relu"),
                keras.layers.Dense(7),
            ]
        )
        model = dg_keras.DomainGeneralizer(
            net, strategy, domains=domains, seed=0, domain_parallel=is_parallel
        )
        model.compile(
            optimizer=keras.optimizers.SGD(1e-3),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=False,
        )
    gradient = 4 * net.count_params()
    x = tf.random.uniform([SAMPLES * domains, WIDTH])
    y = tf.random.uniform([SAMPLES * domains], maxval=7, dtype=tf.int32)
    batches = tf.data.Dataset.from_tensors((x, y)).repeat()
    model.fit(batches, steps_per_epoch=1, shuffle=False, verbose=0)
    in_a_step = sum(sent)
    forget_peak()
    before = peak_memory()
    model.fit(batches, steps_per_epoch=3, shuffle=False, verbose=0)
    return {
        "sent, gradients": in_a_step / gradient,
        "memory, gradients": (peak_memory() - before) / gradient / replicas,
    }


def _count(context: type, replicas: int, sent: list[float]) -> None:
    """Notes the bytes that the first replica sends for each collective, when it is traced."""
    import tensorflow as tf

    reduce, gather = context.all_reduce, context.all_gather

    def note(self: Any, value: Any, times: float) -> None:
        if int(tf.get_static_value(self.replica_id_in_sync_group)) == 0:
            tensors = tf.nest.flatten(value)
            sent.append(times * sum(t.shape.num_elements() * t.dtype.size for t in tensors))

    def all_reduce(self: Any, reduce_op: Any, value: Any, options: Any = None) -> Any:
        note(self, value, 2 * (replicas - 1) / replicas)
        return reduce(self, reduce_op, value, options)

    def all_gather(self: Any, value: Any, axis: int, options: Any = None) -> Any:
        note(self, value, replicas - 1)
        return gather(self, value, axis, options)

    context.all_reduce, context.all_gather = all_reduce, all_gather


if __name__ == "__main__":
    main()
