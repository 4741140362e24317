"""What TensorFlow says of functions that are traced often."""

import contextlib
import logging
from collections.abc import Iterator

import tensorflow as tf


@contextlib.contextmanager
def quiet_tracing() -> Iterator[None]:
    """Leaves out TensorFlow's warnings that a function is traced too often.

    Each method's training step and evaluation are traced, once each. TensorFlow counts them by
    their code, which is Keras' own and the same for all, so where runs are short it takes them for
    one function that is traced again and again. Everything else that it logs is shown.
    """
    logger = tf.get_logger()
    logger.addFilter(_is_of_other_things)
    try:
        yield
    finally:
        logger.removeFilter(_is_of_other_things)


def _is_of_other_things(record: logging.LogRecord) -> bool:
    return "triggered tf.function retracing" not in record.getMessage()
