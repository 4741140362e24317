"""Adam as the authors of the paper have it."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="dg_keras")
class AuthorsAdam(keras.optimizers.Adam):
    """Adam as in PyTorch, which adds epsilon after it has corrected the bias of the moments.

    Keras adds it before (the "epsilon hat" of Kingma and Ba, 2015), so that in early steps it
    counts some thirty times as much: where gradients are as small as epsilon, steps differ.
    """

    epsilon: Any

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        """One step, with the epsilon that Keras' formula needs to be PyTorch's."""
        given = self.epsilon
        step = tf.cast(self.iterations + 1, variable.dtype)
        self.epsilon = given * tf.sqrt(1 - tf.cast(self.beta_2, variable.dtype) ** step)
        super().update_step(gradient, variable, learning_rate)
        self.epsilon = given
