import keras
import numpy as np
import pytest
import scipy.sparse
import tensorflow as tf

from dg_keras.data.feeding.checked_batches import Classes, checked_batches
from tests.never_silent.vectors import assert_same_weights, compiled, surgeon

X, Y = np.eye(6, 4, dtype="float32"), np.zeros(6, "int32")
KINDS = {
    "array": np.asarray,
    "tensor": tf.constant,
    "scipy": scipy.sparse.csr_matrix,
    "sparse": tf.sparse.from_dense,
    "ragged": tf.RaggedTensor.from_tensor,
}


class Batches(keras.utils.PyDataset):
    def __init__(self, *batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


def drawn(how, batch):
    """A batch as it comes out of what looks at the batches of 3 domains."""
    if how == "generator":
        return next(checked_batches((b for b in [batch]), 3, Classes(4)))
    return checked_batches(Batches(batch), 3, Classes(4))[0]


@pytest.mark.parametrize("how", ["generator", "py_dataset"])
@pytest.mark.parametrize("kind", KINDS)
def test_batches_of_every_kind_that_keras_takes_are_handed_on(kind, how):
    batch = (KINDS[kind](X), Y)
    assert drawn(how, batch) is batch


@pytest.mark.parametrize("how", ["generator", "py_dataset"])
@pytest.mark.parametrize("kind", KINDS)
def test_batches_of_every_kind_are_told_that_do_not_divide(kind, how):
    with pytest.raises(ValueError, match=r"each of the 3 domains; .* Received: 5 samples$"):
        drawn(how, (KINDS[kind](X[:5]), Y[:5]))


@pytest.mark.parametrize("kind", ["scipy", "sparse"])
def test_fit_on_a_generator_of_sparse_batches_is_as_on_dense_ones(kind):
    def trained(kind):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((4,), sparse=kind != "array")
        net = keras.Sequential([inputs, keras.layers.Dense(3)])
        model = compiled(surgeon(net))
        batches = ((KINDS[kind](X), Y) for _ in range(3))
        model.fit(batches, steps_per_epoch=2, shuffle=False, verbose=0)
        return model

    assert_same_weights(trained(kind), trained("array"))
