"""Several replicas under tf.distribute do what one does, and refuse what Keras does not combine."""

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

import dg_keras
from dg_keras.step.check_tells_each_sample import check_tells_each_sample
from dg_keras.step.checks import check_replicas
from tests import nets
from tests.step.on_replicas import OVERFLOWS, assert_same_as_one, findings, scalar

COMPARED = ["agr_rand+irm"]
MORE = [
    *(
        "in_turn",
        "agr_sum+coral",
        "bytes for labels",
        "pcgrad+mixup",
        "agr_sum+mldg",
        "agr_rand+rsc",
        "global_clipnorm",
    ),
    "agr_rand+irm, whole domains",
    "pcgrad+group_dro, whole domains",
    "ignored labels, whole domains",
]
"""A few: `python -m tests.step.on_replicas 4` compares them all."""

OVERFLOW, SKIPPED = "overflow, whole domains", {"moved": 0.0, "scale": 0.5}

REFUSED = {
    "jit_compile": "`jit_compile` must be False on several replicas: the two do not go together. "
    "Received: jit_compile=True, and 2 replicas",
    "compile_update": "`compile_update` must be False or 'auto' on several replicas: the two do "
    "not go together. Received: compile_update=True, and 2 replicas",
    "steps_per_execution": "`steps_per_execution` must be 1 on several replicas: the two do not "
    "go together. Received: steps_per_execution=2, and 2 replicas",
    "gradient_accumulation_steps": "`gradient_accumulation_steps` must be None on several "
    "replicas: the two do not go together. Received: gradient_accumulation_steps=2, and 2 "
    "replicas",
    "ema_overwrite_frequency": "`ema_overwrite_frequency` must be None on several replicas: the "
    "two do not go together. Received: ema_overwrite_frequency=2, and 2 replicas",
    "domain_parallel": "`domain_parallel` must be False with more replicas (2) than domains (1). "
    "Received: domain_parallel=True",
    "scalar loss": "`loss` must return a value for each sample on several replicas, of which "
    "Keras takes the mean over all. Received: scalar, which returned a scalar",
    "batch_size": "`batch_size` must be a multiple of the 2 replicas. Received: batch_size=3",
}


@pytest.fixture(scope="module")
def two():
    """What `tests.step.on_replicas` finds, by case."""
    return findings("2", *COMPARED, *REFUSED, OVERFLOW)


@pytest.mark.parametrize("case", COMPARED)
def test_two_replicas_do_what_one_does(two, case):
    assert_same_as_one(two[case])


@pytest.mark.slow
def test_more_of_it():
    found = findings("2", *MORE, *OVERFLOWS)
    for case in MORE:
        assert_same_as_one(found[case])
    for case in OVERFLOWS:
        assert found[case] == SKIPPED


@pytest.mark.slow
def test_four_replicas_do_what_one_does():
    compared = ["agr_rand+fishr", "cagrad, whole domains"]
    found = findings("4", *compared, *OVERFLOWS)
    for case in compared:
        assert_same_as_one(found[case])
    for case in OVERFLOWS:
        assert found[case] == SKIPPED


@pytest.mark.parametrize("case", REFUSED)
def test_what_keras_does_not_combine_is_told(two, case):
    assert two[case]["told"] == REFUSED[case]


def test_an_overflow_on_one_replica_skips_the_step_on_all(two):
    assert two[OVERFLOW] == SKIPPED


def of_each(y, y_pred):
    return tf.reduce_mean((y - tf.reduce_mean(y_pred, -1)) ** 2 * tf.ones((2, 1)), 0)


@pytest.mark.parametrize(
    ("loss", "is_scalar"),
    [
        (scalar, True),
        ({"kind": "mse", "age": scalar}, True),
        ([scalar, "mse"], True),
        (of_each, False),
        ({"age": of_each}, False),
        ({"kind": scalar}, True),
        ([None, scalar], True),
        ([of_each, None], False),
    ],
)
@pytest.mark.parametrize("in_a_dict", [False, True])
def test_a_scalar_loss_of_one_of_several_outputs_is_told(loss, is_scalar, in_a_dict):
    told = {"kind": tf.zeros(4, tf.int64), "age": tf.ones(4, tf.int64)}
    outputs = {name: tf.zeros((4, 2)) for name in told}
    y = {name: told[name] for name in (loss if isinstance(loss, dict) else told)}
    if loss in ([None, scalar], [of_each, None]):
        y = told["kind"]
    model = SimpleNamespace(loss=loss, net=SimpleNamespace(output_names=list(outputs)))
    y_pred = outputs if in_a_dict else list(outputs.values())
    with pytest.raises(ValueError, match="scalar, which") if is_scalar else nullcontext():
        check_tells_each_sample(model, y, y_pred)


class Machines(tf.distribute.MultiWorkerMirroredStrategy):
    """What is seen of several machines with two devices each."""

    def __init__(self):
        self._devices = SimpleNamespace(worker_devices=("first", "second"))

    @property
    def extended(self):
        return self._devices


def test_whole_domains_take_one_device_per_machine():
    model = nets.compiled(dg_keras.DomainGeneralizer(nets.alexnet_like(), domain_parallel=True))
    several = SimpleNamespace(
        optimizer=model.optimizer,
        jit_compile=False,
        compile_update="auto",
        steps_per_execution=1,
        domain_parallel=True,
        distribute_strategy=Machines(),
    )
    with pytest.raises(ValueError, match="`domain_parallel` must be False on several machines"):
        check_replicas(several, 4)


def test_a_batch_of_ones_own_has_no_whole_domains(monkeypatch):
    model = nets.compiled(dg_keras.DomainGeneralizer(nets.alexnet_like(), domain_parallel=True))
    two = SimpleNamespace(num_replicas_in_sync=2)
    monkeypatch.setattr(dg_keras.DomainGeneralizer, "distribute_strategy", two)
    with pytest.raises(ValueError, match="`train_on_batch` must be of one replica"):
        model.train_on_batch(np.zeros((4, 32, 32, 3)), np.zeros(4))
