"""How data sets of files are shared out among machines."""

import pytest
import tensorflow as tf

from dg_keras.fitting.check_interleaved import of_samples

POLICY = tf.data.experimental.AutoShardPolicy


@pytest.mark.parametrize(
    ("given", "shared"),
    [(None, POLICY.DATA), (POLICY.OFF, POLICY.OFF), (POLICY.FILE, POLICY.FILE)],
)
def test_samples_are_shared_out_where_nothing_else_is_told(given, shared):
    dataset = tf.data.Dataset.range(4)
    if given is not None:
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = given
        dataset = dataset.with_options(options)
    assert of_samples(dataset).options().experimental_distribute.auto_shard_policy == shared
