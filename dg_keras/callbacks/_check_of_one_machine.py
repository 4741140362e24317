"""What can't be kept by several machines."""

from pathlib import Path

import keras

from dg_keras.step.replicas import is_of_many_machines


def check_of_one_machine(model: keras.Model, backup: Path) -> None:
    """Raises ValueError where several machines train the model, and would write one file each."""
    if is_of_many_machines(model.distribute_strategy):
        raise ValueError(
            "`backup` must be None where several machines train one model. "
            f"Received: backup={str(backup)!r}"
        )
