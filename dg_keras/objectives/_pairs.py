"""What objectives share that compare the features of two domains."""

import itertools
from collections.abc import Callable, Sequence

import tensorflow as tf

from dg_keras.objectives.objective import Objective
from dg_keras.objectives.view import View


def mean_over_pairs(of_pair: Callable[[int, int], tf.Tensor], domains: int) -> tf.Tensor:
    """The mean over all pairs of domains; 0 where there is one domain."""
    pairs = list(itertools.combinations(range(domains), 2))
    return tf.add_n([of_pair(*pair) for pair in pairs]) / len(pairs) if pairs else tf.zeros(())


def check_samples(views: Sequence[View], objective: Objective) -> None:
    """Raises ValueError where a domain has one sample, which differs from nothing."""
    samples = views[0].features.shape[0]
    if samples is not None and samples < 2:
        raise ValueError(
            f"`batch_size` must be at least 2 for {type(objective).__name__}. Received: {samples}"
        )
