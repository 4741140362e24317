"""The networks that steps are measured with, and what they are trained on."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # else imported by the process that measures alone
    import keras
    import tensorflow as tf

CLASSES = 7
SIDES = {"AlexNet": 224, "EfficientNetLite0": 96, "small": 16}
"""Of each network's images, in pixels."""


def made(network: str) -> "keras.Model":
    """A network with the same weights each time."""
    import keras

    import dg_keras

    keras.utils.set_random_seed(0)
    size = SIDES[network]
    if network != "small":
        return getattr(dg_keras.backbones, network)(CLASSES, image_size=size)
    layers = [keras.layers.Flatten(), keras.layers.Dense(32, "relu"), keras.layers.Dense(CLASSES)]
    return keras.Sequential([keras.Input((size, size, 3)), *layers])


def batches(network: str, samples: int) -> "tf.data.Dataset":
    """The same batch of noise in memory, without end, so that nothing but steps takes time."""
    import keras
    import tensorflow as tf

    import dg_keras

    keras.utils.set_random_seed(0)
    size = SIDES[network]
    x = tf.random.uniform([samples, size, size, 3], maxval=255)
    y = tf.random.uniform([samples], maxval=CLASSES, dtype=tf.int32)
    return dg_keras.data.without_tuner(tf.data.Dataset.from_tensors((x, y)).repeat())


def compiled(model: "keras.Model", **arguments: Any) -> "keras.Model":
    """A model that is compiled as the paper's configs do it."""
    import keras

    model.compile(
        optimizer=keras.optimizers.AdamW(1e-5, weight_decay=5e-5),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        **arguments,
    )
    return model
