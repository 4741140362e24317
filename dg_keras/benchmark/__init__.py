"""A config -> runs -> a record of each on disk -> a report."""

import importlib.util

_NEEDED = ("jinja2", "matplotlib", "pydantic", "ruamel.yaml")


def _is_missing(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is None
    except ModuleNotFoundError:  # of a dotted name, not even the package is there
        return True


_MISSING = [name for name in _NEEDED if _is_missing(name)]
if _MISSING:
    raise ModuleNotFoundError(
        "dg_keras.benchmark must have its own packages: `pip install dg_keras[benchmark]`. "
        f"Received: no {', '.join(_MISSING)}"
    )

from dg_keras.benchmark.config.config import Config  # noqa: E402
from dg_keras.benchmark.config.plan import Plan  # noqa: E402
from dg_keras.benchmark.config.read import read  # noqa: E402
from dg_keras.benchmark.experiment import Experiment  # noqa: E402
from dg_keras.benchmark.records.records import RecordError  # noqa: E402
from dg_keras.benchmark.report.trackers import TrackingError  # noqa: E402
from dg_keras.benchmark.running.failed_runs_error import FailedRunsError  # noqa: E402
from dg_keras.benchmark.running.hand import UnpreparedError  # noqa: E402
from dg_keras.benchmark.study import Study  # noqa: E402
from dg_keras.common.sole_user import InUseError  # noqa: E402
from dg_keras.common.told_if_full import NoSpaceError  # noqa: E402

__all__ = [
    "Config",
    "Experiment",
    "FailedRunsError",
    "InUseError",
    "NoSpaceError",
    "Plan",
    "RecordError",
    "Study",
    "TrackingError",
    "UnpreparedError",
    "read",
]
