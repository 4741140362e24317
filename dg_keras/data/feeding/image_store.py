"""The pixels of a data set, decoded once and shared."""

import itertools
import logging
import os
import threading
import weakref
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from dg_keras.common.cores import cores
from dg_keras.data.feeding.read_image import image_shape, read_image

_LOGGER = logging.getLogger(__name__)
_KEYS = itertools.count()
_STORES: weakref.WeakValueDictionary[int, "ImageStore"] = weakref.WeakValueDictionary()


def read_stored(key: int, rows: np.ndarray) -> np.ndarray:
    """Reads images of the store that has a key.

    For `tf.numpy_function`: TensorFlow keeps what it is given as long as the process lasts, which
    may be this function, but no store.

    Args:
        key: The store's `key`.
        rows: Row numbers, shape `[k]`.

    Returns:
        What the store's `read` returns.

    Raises:
        RuntimeError: If the store is gone.
    """
    store = _STORES.get(int(key))
    if store is None:
        raise RuntimeError(
            "A domain's images must be kept as long as they are read: keep its `Domain`, or a "
            "dataset made of it. Received: images that nobody kept"
        )
    return store.read(rows)


class ImageStore:
    """Images by row number, decoded at first use and kept in memory.

    Every domain, part and target that looks at the same images shares one store, so that an
    image is decoded once whoever asks for it. Decoding runs on all cores.

    Args:
        paths: The image files; an image's place in this list is its row.
        image_size: Height and width in pixels, or one number for both.
        memory_limit: Bytes that all images together may take as uint8. Above it nothing is kept
            and images are decoded at every use.

    Attributes:
        key: What `read_stored` knows it by.
    """

    def __init__(
        self,
        paths: Sequence[str | os.PathLike[str]],
        image_size: int | tuple[int, int],
        memory_limit: int,
    ) -> None:
        self.paths = tuple(Path(path) for path in paths)
        self.image_shape = (*image_shape(image_size), 3)
        self._lock = threading.Lock()
        self.key = next(_KEYS)
        _STORES[self.key] = self
        size = len(self.paths) * int(np.prod(self.image_shape))
        self.kept = size <= memory_limit
        if self.kept:
            # Memory is claimed by the system page by page, as images are written.
            self._pixels = np.empty((len(self.paths), *self.image_shape), np.uint8)
            self._decoded = np.zeros(len(self.paths), bool)
        else:
            _LOGGER.warning(
                "%d images take %.1f GiB, more than memory_limit (%.1f GiB): they are decoded at "
                "every use.",
                len(self.paths),
                size / 2**30,
                memory_limit / 2**30,
            )

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Returns images by row.

        Args:
            rows: Row numbers, shape `[k]`.

        Returns:
            Pixels of shape `[k, height, width, 3]`, uint8.

        Raises:
            ValueError: If a file is not an image that can be decoded.
        """
        if not self.kept:
            pixels = np.empty((len(rows), *self.image_shape), np.uint8)
            self._decode(rows, pixels, range(len(rows)))
            return pixels
        self.decode(rows)
        return np.take(self._pixels, rows, axis=0)

    def decode(self, rows: np.ndarray) -> None:
        """Decodes images now that would be decoded at first use, if they are to be kept at all.

        For whoever is going to use them: a file that can't be decoded is told before the work.

        Args:
            rows: Row numbers, shape `[k]`.

        Raises:
            ValueError: If a file is not an image that can be decoded.
        """
        if self.kept and not self._decoded[rows].all():
            self._decode_missing(rows)

    def check(self) -> None:
        """Decodes every image once, whether it is kept or not.

        Raises:
            ValueError: If a file is not an image that can be decoded.
        """
        if self.kept:
            self.decode(np.arange(len(self.paths)))
            return
        with ThreadPoolExecutor(cores()) as pool:
            for _ in pool.map(lambda path: read_image(path, self.image_shape[:2]), self.paths):
                pass

    def _decode_missing(self, rows: np.ndarray) -> None:
        with self._lock:
            missing = np.unique(rows[~self._decoded[rows]])
            self._decode(missing, self._pixels, missing)
            self._decoded[missing] = True

    def _decode(self, rows: Iterable[int], pixels: np.ndarray, places: Iterable[int]) -> None:
        def decode(row: int, place: int) -> None:
            pixels[place] = read_image(self.paths[row], self.image_shape[:2])

        with ThreadPoolExecutor(cores()) as pool:  # Pillow decodes outside Python's lock
            for _ in pool.map(decode, rows, places):
                pass
