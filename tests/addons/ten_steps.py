"""Ten steps of AdamW on StyleShift, on whichever Keras there is.

    python -m tests.addons.ten_steps

writes the weights that they come to, by Keras 3, which Keras 2 must come to as well.
"""

import functools
import importlib.util
from pathlib import Path

import keras
import numpy as np

import dg_keras
from dg_keras.strategies.get import BY_NAME

REFERENCE = Path(__file__).parent / "ten_steps.npz"
IRM = {"class_name": "irm", "config": {"penalty_weight": 2.0, "anneal_steps": 5}}
OBJECTIVES = {"irm": IRM, "vrex": "vrex", "group_dro": "group_dro", "mixup": "mixup"}
CASES = [
    *((strategy, "empirical_risk") for strategy in BY_NAME),
    *(("agr_sum", objective) for objective in OBJECTIVES),
]
CLASSES = 8
RATE, DECAY = 1e-3, 1e-2  # Keras' decay: a weight shrinks by their product in each step


@functools.cache
def images():
    """A photo, a clip art and a cartoon domain, 32 pixels."""
    shifts = dg_keras.data.load("data/styleshift/images", target="sketch", image_size=32)
    return shifts.train


def network():
    """A small network, with the same weights wherever it is made."""
    net = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, strides=2, activation="relu"),
            keras.layers.Conv2D(8, 3, strides=2, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(CLASSES, kernel_regularizer=keras.regularizers.L2(1e-2)),
        ]
    )
    rng = np.random.default_rng(0)
    net.set_weights([rng.normal(0.0, 0.3, w.shape).astype("float32") for w in net.get_weights()])
    return net


def adamw(rate=RATE, decay=DECAY):
    """AdamW that takes `rate * decay` off each weight: of tensorflow-addons, if it is there."""
    if importlib.util.find_spec("tensorflow_addons") is None:
        return keras.optimizers.AdamW(rate, weight_decay=decay, epsilon=1e-7)
    import tensorflow_addons as tfa

    of_each_step = decay and rate * decay
    return tfa.optimizers.AdamW(of_each_step, learning_rate=rate, epsilon=1e-7)


def compiled(strategy, objective="empirical_risk", optimizer=None, net=None):
    """The model, to be trained."""
    objective = OBJECTIVES.get(objective, objective)
    model = dg_keras.DomainGeneralizer(net or network(), strategy, objective, seed=5)
    model.compile(
        optimizer=optimizer or adamw(),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def trained(strategy, objective):
    """The weights after ten steps, in one row."""
    model = compiled(strategy, objective)
    model.fit(images(), batch_size=16, steps_per_epoch=5, epochs=2, verbose=0)
    return np.concatenate([w.ravel() for w in model.net.get_weights()])


if __name__ == "__main__":
    assert keras.__version__.startswith("3."), keras.__version__
    np.savez_compressed(REFERENCE, **{f"{s}+{o}": trained(s, o) for s, o in CASES})
