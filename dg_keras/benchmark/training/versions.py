"""What computes."""

import os
import platform
from collections.abc import Iterable, Mapping

import keras
import numpy as np
import PIL
import tensorflow as tf

from dg_keras.common.cores import cores
from dg_keras.common.source_digest import source_digest
from dg_keras.version import __version__

_SHOWN = 12  # figures of a digest


def versions(imports: Iterable[str] = ()) -> dict[str, str]:
    """What a result may depend on beside its configuration, by name.

    Args:
        imports: The user's own modules, which have been imported.
    """
    return {
        **software(imports),
        "machine": f"{platform.system()} {platform.machine()}",
        # Sums over more threads are added up in another order, and so round otherwise.
        "threads": str(_threads()),
        "devices": ", ".join(device.device_type for device in tf.config.list_physical_devices()),
    }


def software(imports: Iterable[str] = ()) -> dict[str, str]:
    """Of `versions`, what another result is not by rounding alone."""
    return {
        "dg_keras": __version__,
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "pillow": PIL.__version__,  # which decodes and resizes
        "python": platform.python_version(),
        **{name: source_digest(name)[:_SHOWN] for name in imports},
    }


def others(made_with: Iterable[Mapping[str, str]], now: Mapping[str, str]) -> dict[str, str]:
    """What software records were made with, where that is not what computes now.

    Args:
        made_with: The `versions` of records; one that does not tell a version has this one.
        now: As `software` returns it.

    Returns:
        By a name of `now`, the others, such as "3.14, 3.13".
    """
    told: dict[str, dict[str, None]] = {}
    for of_record in made_with:
        for name, version in now.items():
            other = of_record.get(name, version)
            if other != version:
                told.setdefault(name, {})[other] = None
    return {name: ", ".join(versions) for name, versions in told.items()}


def _threads() -> int:
    told = tf.config.threading.get_intra_op_parallelism_threads()
    # TensorFlow reads the variable where it is told nothing.
    return told or int(os.environ.get("TF_NUM_INTRAOP_THREADS") or 0) or cores()
