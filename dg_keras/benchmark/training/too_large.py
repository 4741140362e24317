"""What is raised where there is not enough memory."""

import tensorflow as tf

TOO_LARGE = (MemoryError, tf.errors.ResourceExhaustedError)
"""The host's, and a device's."""
