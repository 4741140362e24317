"""One domain's images as a dataset."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from dg_keras.data.feeding.at_once import AT_ONCE
from dg_keras.data.feeding.image_store import ImageStore, read_stored

_CHUNK = 64  # images read together when a domain is iterated one by one


class Domain(tf.data.Dataset):
    """The images of one domain: an unbatched `tf.data.Dataset` with random access.

    Its elements are `(image, label)`: an image of shape `[height, width, 3]`, float32 in 0..255,
    and an int32 scalar. `map` and `prefetch` keep it a `Domain`; the other methods of
    `tf.data.Dataset` work as ever and give ordinary datasets.

    Args:
        name: The domain's name.
        images: The store that holds the images.
        rows: The rows of the store that belong to this domain, shape `[n]`, in its order.
        labels: Their class numbers, shape `[n]`.
        classes: Names of all classes, by class number.
        transforms: What `map` was given so far.
    """

    def __init__(
        self,
        name: str,
        images: ImageStore,
        rows: np.ndarray,
        labels: np.ndarray,
        classes: Sequence[str],
        transforms: tuple["_Transform", ...] = (),
    ) -> None:
        self.name = name
        self.images = images
        self.rows = np.asarray(rows, np.int64)
        self.labels = np.asarray(labels, np.int32)
        self.classes = tuple(classes)
        self.transforms = transforms
        with tf.device("CPU:0"):  # tf.data runs there; constants elsewhere would travel each step
            self._rows = tf.constant(self.rows)
            self._labels = tf.constant(self.labels)
        chunks = tf.data.Dataset.range(len(self.rows)).batch(_CHUNK)
        self._elements = self._each(chunks).apply(
            tf.data.experimental.assert_cardinality(len(self.rows))
        )
        super().__init__(self._elements._variant_tensor)

    def _inputs(self) -> list[tf.data.Dataset]:
        return [self._elements]

    @property
    def element_spec(self) -> Any:
        """The structure, shapes and dtypes of an element."""
        return self._elements.element_spec

    @property
    def paths(self) -> tuple[Path, ...]:
        """The image files, in the domain's order."""
        return tuple(self.images.paths[row] for row in self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<Domain {self.name!r}: {len(self)} images, element_spec={self.element_spec}>"

    def map(
        self,
        map_func: Callable,
        num_parallel_calls: int = tf.data.AUTOTUNE,
        deterministic: bool = True,
    ) -> "Domain":
        """Applies a function to every element, each time it is used.

        The place for augmentation: decoded images are kept before it, so it works on what is in
        memory and is drawn anew each pass. A function that draws from a generator with state is as
        reproducible as that generator, which is to say not at all with parallel calls.

        Args:
            map_func: Takes `(image, label)`, or what was mapped before, and returns the new
                element, `(x, y)` or `(x, y, sample_weight)`.
            num_parallel_calls: As in `tf.data.Dataset.map`, except that all cores are the default.
            deterministic: Whether elements keep their order.

        Returns:
            The mapped domain, with the random access of this one.
        """
        return Domain(
            self.name,
            self.images,
            self.rows,
            self.labels,
            self.classes,
            (*self.transforms, _Transform(map_func, num_parallel_calls, deterministic)),
        )

    def prefetch(self, buffer_size: int, name: str | None = None) -> "Domain":
        """Returns the domain itself: `interleave` and `fit` read ahead of it as it is."""
        return self

    def fetch(self, indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns elements by their position; it can be traced in a `tf.function`.

        Args:
            indices: Positions in 0..n-1, shape `[k]`, int64.

        Returns:
            Images of shape `[k, height, width, 3]` and labels of shape `[k]`, or whatever the
            mapped functions make of them, stacked.
        """
        stored = self._fetch_cast(tf.convert_to_tensor(indices, tf.int64))
        if not self.transforms:
            return stored
        return tf.map_fn(self._transform, stored, fn_output_signature=self.element_spec)

    def batches(
        self,
        indices: tf.data.Dataset,
        batch_size: int,
        drop_remainder: bool = False,
    ) -> tf.data.Dataset:
        """Gathers a batch for every vector of positions.

        Args:
            indices: Dataset of int64 vectors of `batch_size` positions in 0..n-1.
            batch_size: Their length.
            drop_remainder: Whether a shorter last batch is left out; the batch dimension is
                static then.

        Returns:
            Dataset of batches of the domain's elements, in the order of `indices`.
        """
        if self.transforms:
            return self._each(indices).batch(batch_size, drop_remainder=drop_remainder)
        return _in_order(indices, self._fetch_cast)

    def fetch_stored(self, indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns elements by their position as they are kept, whatever is mapped.

        Args:
            indices: Positions in 0..n-1, shape `[k]`, int64.

        Returns:
            Images of shape `[k, height, width, 3]`, uint8, and labels of shape `[k]`.
        """
        images = tf.numpy_function(
            read_stored,
            [self.images.key, tf.gather(self._rows, indices)],
            tf.uint8,
            stateful=False,
        )
        images = tf.ensure_shape(images, [*indices.shape, *self.images.image_shape])
        return images, tf.gather(self._labels, indices)

    def _fetch_cast(self, indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = self.fetch_stored(indices)
        return tf.cast(images, tf.float32), labels

    def _transform(self, element: Any) -> Any:
        for transform in self.transforms:
            arguments = element if isinstance(element, tuple) else (element,)
            element = transform.function(*arguments)
        return element

    def _each(self, indices: tf.data.Dataset) -> tf.data.Dataset:
        elements = _in_order(indices, self._fetch_cast).unbatch()
        for transform in self.transforms:
            elements = elements.map(*transform)
        return elements


class _Transform(NamedTuple):
    """The arguments of a `map`."""

    function: Callable
    num_parallel_calls: int
    deterministic: bool


def _in_order(dataset: tf.data.Dataset, function: Callable) -> tf.data.Dataset:
    unconverted = tf.autograph.experimental.do_not_convert(function)
    return dataset.map(unconverted, AT_ONCE, deterministic=True)
