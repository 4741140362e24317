"""Infinities and NaNs that compiled steps meet, on one replica and on several."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from dg_keras.fitting import watch
from tests.step.vectors import (
    BAD_STEP,
    EAGER,
    EVERY,
    GRADIENT,
    GRAPH,
    LOSS,
    STEPS,
    XLA,
    assert_same,
    fit,
    made,
    state,
    stream,
)

pytestmark = pytest.mark.filterwarnings("ignore:`net` has trainable BatchNorm:UserWarning")


@pytest.mark.parametrize(
    ("policy", "strategy", "objective", "how", "more"),
    [
        ("raise", "mean", "empirical_risk", GRAPH, {}),
        ("skip", "agr_sum", "group_dro", GRAPH, {}),
        ("raise", "agr_sum", "empirical_risk", GRAPH, {"in_turn": True}),
        ("raise", "agr_sum", "empirical_risk", GRAPH, {"compile_update": True}),
        ("skip", "agr_sum", "empirical_risk", XLA, {}),
        ("raise", "mean", "empirical_risk", XLA, {}),
        ("raise", "mean", "empirical_risk", XLA, {"in_turn": True}),
        *(
            pytest.param(policy, *one, how, {}, marks=pytest.mark.slow)
            for one in EVERY
            for policy in ("raise", "skip")
            for how in (GRAPH, XLA)
        ),
    ],
    ids=str,
)
def test_a_compiled_step_is_not_taken(policy, strategy, objective, how, more):
    model = made(strategy, objective, how, on_nonfinite=policy, **more)
    for value, bad in ((GRADIENT, BAD_STEP), (LOSS, BAD_STEP)):
        first = int(model.step)
        states, _, told = fit(model, stream(value))
        if policy == "raise":
            assert_same(state(model), states[bad])
            assert told.step == int(model.step) == first + bad
            is_of_all = strategy == "mean" and not more and value == GRADIENT
            expected = {None} if is_of_all else {"b"}
            assert told.domain in (expected if objective != "mixup" else {"a", "b"})
        else:
            assert_same(states[bad], states[bad + 1])
            assert int(model.step) == first + STEPS
        assert all(np.isfinite(values).all() for values in state(model))
    assert model.skipped_steps == (2 if policy == "skip" else 0)


def test_a_block_of_steps_ends_where_the_first_is_bad():
    how = {**GRAPH, "steps_per_execution": STEPS}
    model, until = (made(objective="group_dro", how=h) for h in (how, EAGER))
    _, _, told = fit(model, stream(LOSS))
    fit(until, stream(steps=BAD_STEP))
    assert (told.step, told.domain) == (BAD_STEP, "b")
    for a, b in zip(state(model), state(until), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("every", "kinds", "blocks"),
    [(0.0, [], BAD_STEP + 1), (0.0, ["GPU"], BAD_STEP + 2), (60.0, [], 6), (60.0, ["GPU"], 6)],
)
def test_it_is_told_when_it_is_looked_at_and_nothing_is_taken_meanwhile(
    monkeypatch, every, kinds, blocks
):
    monkeypatch.setattr(watch, "EVERY", every)
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: kinds)  # pretended
    model = made("agr_sum", how=GRAPH)
    states, _, told = fit(model, stream(LOSS, steps=6))
    assert len(states) == blocks
    assert (told.step, told.domain, int(model.step)) == (BAD_STEP, "b", BAD_STEP)
    assert_same(state(model), states[BAD_STEP])


def test_where_all_is_finite_it_trains_as_ignoring_does():
    watched = made("agr_sum", how=GRAPH, on_nonfinite="raise")
    ignored = made("agr_sum", how=EAGER, on_nonfinite="ignore")
    for model in (watched, ignored):
        fit(model, stream())
    for a, b in zip(state(watched), state(ignored), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_one_replica_s_nan_counts_for_all():
    script = """
import keras, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from dg_keras.fitting import watch
from tests.step.vectors import *

for policy, strategy in (("raise", "agr_sum"), ("skip", "mean")):
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        net = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(CLASSES)])
        model = surgeon(net, strategy, domains=DOMAINS, on_nonfinite=policy)
        compiled(model, optimizer=keras.optimizers.Adam(0.01), jit_compile=False)
    states, _, told = fit(model, stream(np.nan))
    assert_same(states[1], state(model) if policy == "raise" else states[2])
    print(policy, told and (told.step, told.domain), int(model.step.numpy()), model.skipped_steps)
"""
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout.splitlines() == ["raise (1, 'b') 1 0", "skip None 3 1"]
