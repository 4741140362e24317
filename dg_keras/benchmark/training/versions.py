"""What computes."""

import os
import platform

import keras
import numpy as np
import tensorflow as tf

from dg_keras.common.cores import cores
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
        "threads": str(_threads()),
        "devices": ", ".join(device.device_type for device in tf.config.list_physical_devices()),
    }


def _threads() -> int:
    told = tf.config.threading.get_intra_op_parallelism_threads()
    # TensorFlow reads the variable where it is told nothing.
    return told or int(os.environ.get("TF_NUM_INTRAOP_THREADS") or 0) or cores()
