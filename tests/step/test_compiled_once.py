"""What XLA compiles does not depend on the step's number: it would be compiled anew for each."""

import keras
import pytest
import tensorflow as tf

import dg_keras
from tests.nets import CLASSES, compiled


@pytest.mark.parametrize(
    ("objective", "strategy"),
    [
        ("empirical_risk", "mean"),
        ("empirical_risk", "agr_sum"),
        ("empirical_risk", "agr_rand"),
        ("empirical_risk", "pcgrad"),
        ("irm", "mean"),
        ("mixup", "mean"),
        ("group_dro", "mean"),
        ("mldg", "mean"),
    ],
)
def test_a_step_is_compiled_once(objective, strategy):
    net = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dropout(0.5), keras.layers.Dense(CLASSES)]
    )
    model = dg_keras.DomainGeneralizer(net, strategy, objective=objective, domains=3)
    compiled(model, optimizer=keras.optimizers.SGD(), metrics=[], jit_compile=True)
    model.make_train_function()
    step = tf.function(model.train_step, jit_compile=True, autograph=False)
    program = step.experimental_get_compiler_ir((tf.ones([6, 2]), tf.zeros([6], tf.int32)))
    first = program(stage="hlo")
    model.step.assign(7)
    assert program(stage="hlo") == first
