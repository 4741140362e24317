import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from dg_keras.data.feeding.domains import check_unbatched, domain_size, is_domains

X, Y = np.zeros((5, 2)), np.zeros(5)
DATASET = tf.data.Dataset.from_tensor_slices((X, Y))


@pytest.mark.parametrize(
    "x",
    [
        (DATASET,),
        [DATASET, DATASET],
        {"a": DATASET, "b": (X, Y)},
        [(X, Y), (X, Y, Y)],
        [(tf.constant(X), tf.constant(Y))],
        [(pd.DataFrame(X), pd.Series(Y))],
        [({"left": X, "right": X}, Y)],
        [(X, Y[:2])],  # `interleave` says what is wrong with these
    ],
)
def test_are_domains(x):
    assert is_domains(x)


@pytest.mark.parametrize(
    "x",
    [
        None,
        X,
        DATASET,
        (),
        {},
        (X, Y),
        [X, X],
        {"left": X, "right": X},
        [[X, Y], [X, Y]],
        [(X,)],
        [(X, Y, Y, Y)],
        [(X, None)],
        [DATASET, X],
        [("a", "b")],
        [(1.0, 2.0)],
    ],
)
def test_are_no_domains(x):
    assert not is_domains(x)


def test_domain_size(styleshift):
    assert domain_size(styleshift.part("photo")) == 326
    assert domain_size((X, Y)) == 5
    assert domain_size(({"left": X}, Y)) == 5
    assert domain_size(DATASET) == 5
    assert domain_size(DATASET.repeat()) is None
    assert domain_size(DATASET.filter(lambda x, y: True)) is None


@pytest.mark.parametrize(
    ("batched", "x_rank"),
    [
        (DATASET.batch(2), 1),
        (DATASET.batch(2), None),
        (DATASET.batch(2, drop_remainder=True), 1),
    ],
)
def test_batched_dataset_is_named(batched, x_rank):
    with pytest.raises(ValueError, match=r"must be given unbatched.*domain 'b' is a batched"):
        check_unbatched({"a": DATASET, "b": batched}, x_rank)


@pytest.mark.parametrize("x_rank", [1, None])
def test_unbatched_datasets_pass(x_rank):
    one_hot = tf.data.Dataset.from_tensor_slices((np.zeros((5, 3)), np.zeros((5, 3))))

    check_unbatched([DATASET, one_hot, (X, Y)], x_rank)
