"""The runs that a config describes."""

import collections

from dg_keras.benchmark.config.check_number_of_runs import check_number_of_runs
from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.config.grid_settings import grid_settings
from dg_keras.benchmark.config.run import Run
from dg_keras.common.check_can_be_file import check_can_be_file
from dg_keras.common.shortened import shortened

# File systems take 255 bytes; a record that is being written is `.<key>.json.<machine>-<process>.
# partial`, 31 bytes more at most.
_KEY_BYTES = 220


def runs_of(config: Config, targets: list[str]) -> list[Run]:
    """All runs, the first trial of everything first, so that a first table comes early.

    Those of one method follow each other: its training step is traced once for all.

    Args:
        config: The experiment.
        targets: The domains to hold out.

    Raises:
        ValueError: If two runs would have one record, or no file can be called as a record is.
    """
    check_number_of_runs(config, len(targets))
    settings = grid_settings(config)  # once, so that a setting is of one config in all trials
    runs = [
        Run(setting.config, method, target, trial)
        for trial in range(1, config.trials + 1)
        for setting in settings
        for method in setting.methods.values()
        for target in targets
    ]
    ((key, count),) = collections.Counter(run.key for run in runs).most_common(1)
    if count > 1:
        raise ValueError(
            "`methods` and `targets` must have names that differ in letters and digits. "
            f"Received: two runs called {shortened(key)}"
        )
    for run in runs:
        check_can_be_file("`methods` and `targets`", run.key)
    longest = max((run.key for run in runs), key=lambda key: len(key.encode()))
    if len(longest.encode()) > _KEY_BYTES:
        raise ValueError(
            f"`methods` and `targets` must have names of at most {_KEY_BYTES} bytes together, with "
            "the words of a grid's setting, since a record is called so. "
            f"Received: {len(longest.encode())} bytes, {shortened(longest)}"
        )
    return runs
