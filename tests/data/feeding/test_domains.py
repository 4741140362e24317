from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from dg_keras.data.feeding.as_tensors import as_tensors
from dg_keras.data.feeding.check_domains import check_domains, check_elements
from dg_keras.data.feeding.domains import (
    check_unbatched,
    domain_size,
    is_domains,
    looks_like_domains,
)

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
        [([X, X], [Y, Y])],
        [(tf.sparse.from_dense(X), Y), (tf.ragged.constant([[1], []]), Y[:2])],
        [(X, Y[:2])],  # `interleave` says what is wrong with these
    ],
)
def test_are_domains(x):
    assert is_domains(x)
    assert looks_like_domains(x)


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
        [([1, 2, 3], [0, 1, 0])],
    ],
)
def test_are_no_domains(x):
    assert not is_domains(x)


@pytest.mark.parametrize(
    "x",
    [None, X, DATASET, (X, Y), [X, X], {"left": X, "right": X}, ([X, X], [X]), [[X], [X]], "ab"],
)
def test_inputs_of_keras_do_not_look_like_domains(x):
    assert not looks_like_domains(x)


OF_ARRAYS = (
    r"in `x` must be a tf\.data\.Dataset or a tuple \(x, y\) or .* of NumPy arrays or tensors\."
)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ({}, "`x` must be a tuple, list or dict of at least one domain. Received: x is empty"),
        ((), "`x` must be a tuple, list or dict of at least one domain. Received: x is empty"),
        ([], "`x` must be a tuple, list or dict of at least one domain. Received: x is empty"),
        ({"a": (X,)}, f"{OF_ARRAYS} Received: domain 'a' is a tuple of 1"),
        ([(X, Y, Y, Y)], f"{OF_ARRAYS} Received: domain 0 is a tuple of 4"),
        ({"a": (X, Y), "b": X}, f"{OF_ARRAYS} Received: domain 'b' is of type ndarray"),
        ([DATASET, [X, Y]], f"{OF_ARRAYS} Received: domain 1 is of type list"),
        ([(X, Y), None], f"{OF_ARRAYS} Received: domain 1 is of type NoneType"),
        ({"a": ([1, 2], [0, 1])}, "Received: domain 'a' holds int where an array should be"),
        ([(X, None)], "Received: domain 0 holds NoneType where an array should be"),
        ([(X, 1.5 * Y[0])], "Received: domain 0 holds a single number where an array should be"),
        ({"a": (X, Y[:2])}, r"one length\. Received: domain 'a' with arrays of lengths \[5, 2\]"),
        ({"a": ([X, X[1:]], Y)}, r"one length\. Received: domain 'a' .* \[5, 4, 5\]"),
        ({"a": DATASET.take(0)}, "at least one element. Received: domain 'a' is empty"),
    ],
)
def test_what_is_meant_as_domains_is_told_apart_in_one_sentence(x, message):
    assert looks_like_domains(x)
    with pytest.raises(ValueError, match=f"{message}$") as caught:
        check_domains(x, argument="x")
    assert len(str(caught.value)) < 240


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


def specified(*shapes):
    """A dataset of elements of these shapes."""
    spec = tuple(tf.TensorSpec(shape) for shape in shapes)
    return tf.data.Dataset.from_generator(lambda: iter(()), output_signature=spec)


@pytest.mark.parametrize("y_shape", [(), (7,)])
def test_images_with_the_side_of_1_that_keras_takes_away_are_no_batch(y_shape):
    check_unbatched([specified((28, 28, 1), y_shape)], 2)


@pytest.mark.parametrize(
    "shapes",
    [
        [(None, 28, 1), (None,)],
        [(4, 28, 1), (4,)],
        [(4, 28, 1), (4, 7)],
        [(None, 28, 1), (4, 7)],
        [(28, 28, 3), ()],
    ],
)
def test_batches_of_samples_with_a_side_of_1_are_named(shapes):
    with pytest.raises(ValueError, match="domain 0 is a batched"):
        check_unbatched([specified(*shapes)], 2)


def test_images_and_masks_of_varying_size_are_no_batches():
    check_unbatched([specified((None, None, 3), (None, None))], None)


def test_a_series_is_a_column_as_in_keras():
    """Else `evaluate` of one, which Keras makes a column of, failed after `fit` on domains."""
    x, y = as_tensors(({"age": pd.Series([1.0, 2.0])}, pd.Series([0, 1])))
    assert (x["age"].shape, y.shape) == ((2, 1), (2, 1))


def test_domains_of_other_tuples_are_told():
    class Pair(NamedTuple):
        left: np.ndarray
        right: np.ndarray

    domains = {"a": (Pair(X, X), Y), "b": ((X, X), Y)}
    with pytest.raises(ValueError, match=r"x is .* \(Pair\) in domain 'a' and .*\(tuple\) in"):
        check_elements(domains)
