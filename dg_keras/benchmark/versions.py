"""What computes."""

import os
import platform

import keras
import numpy as np
import tensorflow as tf

from dg_keras.version import __version__


def versions() -> dict[str, str]:
    """What a result may depend on beside its configuration, by name."""
    return {
        "dg_keras": __version__,
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        # Sums over more threads are added up in another order, and so round otherwise.
        "threads": str(tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count()),
        "devices": ", ".join(device.device_type for device in tf.config.list_physical_devices()),
    }
