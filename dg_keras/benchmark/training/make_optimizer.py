"""Keras' optimizer for each meaning of weight decay."""

import keras

from dg_keras.benchmark.config.config import Optimizer
from dg_keras.benchmark.training.authors_adam import AuthorsAdam


def make_optimizer(optimizer: Optimizer) -> keras.optimizers.Optimizer:
    """Makes the optimizer with these settings; for `adam_l2`, weights are regularized elsewhere."""
    rate, decay, epsilon = optimizer.learning_rate, optimizer.weight_decay, optimizer.epsilon
    if optimizer.name == "adam_l2":
        return AuthorsAdam(rate, epsilon=epsilon)
    # Keras multiplies the decay by the rate.
    decay = decay / rate if optimizer.name == "adamw_per_step" else decay
    return keras.optimizers.AdamW(rate, weight_decay=decay, epsilon=epsilon)
