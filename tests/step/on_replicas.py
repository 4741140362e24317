"""How training on several replicas differs from training on one: a JSON line for each case.

    python -m tests.step.on_replicas REPLICAS [--machines] [CASE ...]

Without cases, all of them: every objective with every strategy, and what `MORE` names. With
`--machines` each replica is a process of its own, as it is where each is a machine.
"""

import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys

import keras
import numpy as np
import tensorflow as tf

import dg_keras
from dg_keras import strategies
from dg_keras.strategies.get import BY_NAME
from tests.nets import alexnet_like, compiled, domains, largest_difference

STEPS = 10
STRATEGIES = ["mean", "agr_sum", "agr_rand", "pcgrad"]
OTHERS = [name for name in BY_NAME if name not in STRATEGIES]
OBJECTIVES = {
    **{name: name for name in ("empirical_risk", "mixup", "group_dro", "mldg")},
    **{name: name for name in ("coral", "mmd", "rsc")},
    # With a penalty that sets in, and an optimizer that begins anew, among the steps.
    **{
        name: {"class_name": name, "config": {"anneal_steps": STEPS // 2}}
        for name in ("irm", "vrex", "fishr")
    },
}
PAIRS = {
    f"{strategy}+{name}": {"strategy": strategy, "objective": objective}
    for strategy, (name, objective) in itertools.product(STRATEGIES, OBJECTIVES.items())
}


@keras.saving.register_keras_serializable(package="tests")
class Largest(strategies.Strategy):
    """The largest component of any domain; no strategy of ours."""

    def merge(self, gradients, step):
        return [
            tf.reduce_max(tf.stack(domains), axis=0) for domains in zip(*gradients, strict=True)
        ]


def scalar(y, y_pred):
    """A loss that tells no sample's own."""
    of_each = keras.losses.sparse_categorical_crossentropy(y, y_pred, from_logits=True)
    return tf.reduce_mean(of_each)


IGNORING = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
"""One that divides by the number of samples that have a label."""

PARALLEL = {
    f"{name}, whole domains": {**pair, "domain_parallel": True}
    for name, pair in PAIRS.items()
    if name.endswith(("+empirical_risk", "+irm", "+group_dro", "+vrex"))
}
MORE = {
    "custom, whole domains": {"strategy": Largest(), "domain_parallel": True},
    **{f"{name}, whole domains": {"strategy": name, "domain_parallel": True} for name in OTHERS},
    "ignored labels, whole domains": {"loss": IGNORING, "domain_parallel": True},
    "clipnorm, whole domains": {"optimizer": {"clipnorm": 0.05}, "domain_parallel": True},
    "bytes for labels": {"objective": "coral", "labels": "uint8"},
    "in_turn": {"strategy": "agr_rand", "in_turn": True},
    "custom": {"strategy": Largest()},
    **{name: {"strategy": name} for name in OTHERS},
    "clipnorm": {"optimizer": {"clipnorm": 0.05}},
    "global_clipnorm": {"optimizer": {"global_clipnorm": 0.05}, "strategy": "mean"},
    "clipvalue": {"optimizer": {"clipvalue": 0.01}},
    "ema": {"optimizer": {"use_ema": True, "ema_momentum": 0.9}},
    "skip": {"on_nonfinite": "skip", "strategy": "pcgrad"},
}
REFUSED = {
    "jit_compile": {"how": {"jit_compile": True}},
    "compile_update": {"compile_update": True},
    "steps_per_execution": {"how": {"jit_compile": False, "steps_per_execution": 2}},
    "gradient_accumulation_steps": {"optimizer": {"gradient_accumulation_steps": 2}},
    "ema_overwrite_frequency": {"optimizer": {"use_ema": True, "ema_overwrite_frequency": 2}},
    "batch_size": {"batch_size": 3},
    "scalar loss": {"loss": scalar},
    "domain_parallel": {"domain_parallel": True, "number": 1},
}
FAST = {
    "clipnorm",
    "clipnorm, whole domains",
    "global_clipnorm",
    "clipvalue",
    "ignored labels, whole domains",
}  # to SGD, each step is as long as its gradient


def trained(
    case, batch_size=8, number=3, optimizer=None, loss=None, how=None, labels=int, **arguments
):
    """A model and its history after some steps."""
    keras.utils.set_random_seed(0)
    make = keras.optimizers.SGD if case in FAST else keras.optimizers.AdamW
    made = make(0.01 if case in FAST else 1e-4, **optimizer or {})
    model = dg_keras.DomainGeneralizer(alexnet_like(l2=0.01), **arguments, seed=1)
    how = {"jit_compile": False} if how is None else how
    compiled(model, made, **how, **({} if loss is None else {"loss": loss}))
    given = {name: (x, y.astype(labels)) for name, (x, y) in domains(number).items()}
    history = model.fit(given, batch_size=batch_size, steps_per_epoch=STEPS, verbose=0)
    return model, history.history


def compared(case, given, distribution):
    """How far weights, logs and what is remembered are from those of one replica."""
    # One more than replicas take whole, so that one takes two.
    given = {"number": max(3, distribution.num_replicas_in_sync + 1), **given}
    alone, of_alone = trained(case, **{**given, "how": {}})  # eagerly: tracing takes longer
    with distribution.scope():
        together, of_together = trained(case, **given)
    moved = max(np.abs(v - w).max() for v, w in zip(*weights(alone), strict=True))
    states = [{**m.objective_state, **m.strategy_state} for m in (alone, together)]
    return {
        "moved": float(moved),
        "weights": float(largest_difference(alone.net, together.net)),
        "logs": max(abs(of_alone[k][0] - of_together[k][0]) for k in of_alone),
        "state": max([float(np.abs(states[0][k] - states[1][k]).max()) for k in states[0]] or [0]),
        "steps": int(together.step.numpy()),
    }


def weights(model):
    """The network's weights, and those that it began with."""
    return model.net.get_weights(), alexnet_like(l2=0.01).get_weights()


def refused(case, given, distribution):
    """The sentence that says why not."""
    try:
        with distribution.scope():
            trained(case, **given)
    except ValueError as error:
        return {"told": str(error)}
    return {"told": None}


OVERFLOWS = {
    "overflow": {"strategy": "agr_sum"},
    "overflow, one pass": {"strategy": "mean"},
    "overflow, whole domains": {"strategy": "agr_sum", "domain_parallel": True},
}
"""In parts all replicas have one sum; in the others each has what is its own."""


def overflowing(given, distribution):
    """In mixed_float16, an overflow on the last replica: what the step came to."""
    keras.mixed_precision.set_global_policy("mixed_float16")
    number = max(3, distribution.num_replicas_in_sync)
    with distribution.scope():
        model = compiled(
            dg_keras.DomainGeneralizer(alexnet_like(), domains=number, seed=1, **given),
            keras.optimizers.AdamW(1e-3),
            jit_compile=False,
        )
    batches = dg_keras.data.interleave(domains(number), 8, seed=0).take(2)
    x, y = (np.concatenate(parts) for parts in zip(*batches.as_numpy_iterator(), strict=True))
    model.fit(whole(x, y), shuffle=False, verbose=0)
    before = [w.copy() for w in model.net.get_weights()]
    scale = float(model.optimizer.dynamic_scale.numpy())
    # The loss is finite, and its derivative is none in float16. An infinity in `x` would not do:
    # whether relu lets NaN through differs from one processor to another.
    weight = np.ones(len(x), "float32")
    # Of the domain that the last replica takes where each takes whole ones.
    weight[distribution.num_replicas_in_sync - 1 - number] = 1e8
    model.fit(whole(x, y, weight), shuffle=False, verbose=0)
    keras.mixed_precision.set_global_policy("float32")
    after = model.net.get_weights()
    return {
        "moved": float(max(np.abs(a - b).max() for a, b in zip(before, after, strict=True))),
        "scale": float(model.optimizer.dynamic_scale.numpy()) / scale,
    }


def whole(*parts):
    """One step of all samples."""
    return tf.data.Dataset.from_tensor_slices(parts).batch(len(parts[0]), drop_remainder=True)


def of_one_machine(replicas):
    """A strategy with so many devices."""
    (cpu, *_) = tf.config.list_physical_devices("CPU")
    logical = [tf.config.LogicalDeviceConfiguration()] * replicas
    tf.config.set_logical_device_configuration(cpu, logical)
    return tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(replicas)])


def findings(*arguments):
    """What this command finds, by case."""
    command = [sys.executable, "-m", "tests.step.on_replicas", *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr[-3000:]
    told = [json.loads(line) for line in run.stdout.splitlines()]
    return {of.pop("case"): of for of in told}


def assert_same_as_one(of_case):
    """That replicas, on one machine or on several, did what one does."""
    assert of_case["moved"] > 1e-4
    # A merge of each replica by itself, or a clip, is off by about as much as weights move.
    assert of_case["weights"] < 1e-6
    assert of_case["logs"] < 1e-5
    assert of_case["state"] < 1e-6
    assert of_case["steps"] == 10


def on_machines(machines, command):
    """Starts a process per machine, and waits; the first one prints."""
    started = []
    for environment in environments(machines):
        out = None if not started else subprocess.DEVNULL
        started.append(subprocess.Popen(command, env=environment, stdout=out))
    return max(process.wait() for process in started)


def environments(machines):
    """The environment of each machine's process, which is how TensorFlow knows the others."""
    with contextlib.ExitStack() as free:
        ports = [
            free.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(machines)
        ]
        workers = [f"127.0.0.1:{port.getsockname()[1]}" for port in ports]
    return [
        {
            **os.environ,
            "TF_CONFIG": json.dumps(
                {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
            ),
        }
        for index in range(machines)
    ]


def main(distribution, cases):
    """Compares, and prints."""
    known = {**PAIRS, **PARALLEL, **MORE, **REFUSED}
    for case in cases or [*known, *OVERFLOWS]:
        if case in OVERFLOWS:
            found = overflowing(OVERFLOWS[case], distribution)
        else:
            found = (refused if case in REFUSED else compared)(case, known[case], distribution)
        print(json.dumps({"case": case, **found}), flush=True)


if __name__ == "__main__":
    number, *cases = sys.argv[1:]
    # One strategy for all: TensorFlow mixes up the sums of a second one in the same process.
    if "--machines" not in cases:
        main(of_one_machine(int(number)), cases)
    elif "TF_CONFIG" not in os.environ:
        sys.exit(
            on_machines(
                int(number), [sys.executable, "-m", "tests.step.on_replicas", *sys.argv[1:]]
            )
        )
    else:
        cases.remove("--machines")
        main(tf.distribute.MultiWorkerMirroredStrategy(), cases)
