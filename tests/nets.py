"""Small networks and images that the tests train on."""

import keras
import numpy as np
from keras import layers

CLASSES = 4
IMAGE_SIZE = 12


def alexnet_like(dropout=0.0, l2=0.0, batch_norm=False, seed=0, **dense):
    """AlexNet's order of layers (convolution, pool, two dense layers) in miniature."""
    keras.utils.set_random_seed(seed)
    penalty = keras.regularizers.L2(l2) if l2 else None
    stack = [keras.Input((IMAGE_SIZE, IMAGE_SIZE, 3)), layers.Rescaling(1 / 255)]
    stack.append(layers.Conv2D(4, 3, padding="same", kernel_regularizer=penalty))
    if batch_norm:
        stack.append(layers.BatchNormalization())
    stack += [layers.ReLU(), layers.MaxPooling2D()]
    stack += [layers.Flatten(), layers.Dropout(dropout)] if dropout else [layers.Flatten()]
    stack += [
        layers.Dense(8, activation="relu", kernel_regularizer=penalty, **dense),
        layers.Dense(CLASSES, dtype="float32"),
    ]
    return keras.Sequential(stack)


def domains(number=3, samples=40, seed=0, sample_weight=False, least=0.2):
    """Domains of random images, each with its own brightness, that can be told by class."""
    rng = np.random.default_rng(seed)
    made = {}
    for i, name in enumerate(["photo", "cartoon", "sketch", "clipart", "mosaic"][:number]):
        y = rng.integers(CLASSES, size=samples + 7 * i)
        x = rng.uniform(0, 120, size=(len(y), IMAGE_SIZE, IMAGE_SIZE, 3)) + 30 * i
        for sample, label in enumerate(y):
            x[sample, 3 * label : 3 * label + 3] += 100
        made[name] = (x.astype("float32"), y)
        if sample_weight:
            made[name] += (rng.uniform(least, 2.0, size=len(y)).astype("float32"),)
    return made


def compiled(model, optimizer=None, **arguments):
    """Compiles a model for the images above; without a word on `jit_compile`, to run eagerly.

    Tracing a step takes far longer than a few steps of these nets.
    """
    arguments.setdefault("run_eagerly", "jit_compile" not in arguments)
    if optimizer is None:
        optimizer = keras.optimizers.AdamW(1e-4, weight_decay=1e-2)
    arguments.setdefault("metrics", ["accuracy"])
    arguments.setdefault("loss", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.compile(optimizer, **arguments)
    return model


def largest_difference(first, second):
    """The largest difference between two models' weights."""
    pairs = zip(first.get_weights(), second.get_weights(), strict=True)
    return max(np.abs(a - b).max(initial=0) for a, b in pairs)
