"""Images on disk, a dataset per domain, one interleaved dataset."""

from typing import TYPE_CHECKING

from dg_keras.common.lazy_names import lazy_names

if TYPE_CHECKING:
    from dg_keras.data.feeding.domain import Domain
    from dg_keras.data.feeding.interleave import interleave
    from dg_keras.data.feeding.pooled import pooled
    from dg_keras.data.feeding.without_tuner import without_tuner
    from dg_keras.data.tables.known_datasets import KNOWN, KnownDataset
    from dg_keras.data.tables.leave_one_out import LeaveOneOut
    from dg_keras.data.tables.load import load
    from dg_keras.data.tables.manifest import write_manifest
    from dg_keras.data.tools.doctor import doctor
    from dg_keras.data.tools.download import download
    from dg_keras.data.tools.inspection import Inspection
    from dg_keras.data.tools.prepare import prepare

__all__ = [
    "KNOWN",
    "Domain",
    "Inspection",
    "KnownDataset",
    "LeaveOneOut",
    "doctor",
    "download",
    "interleave",
    "load",
    "pooled",
    "prepare",
    "without_tuner",
    "write_manifest",
]

# The command line starts here, and needs neither TensorFlow nor pandas to say what it takes.
if not TYPE_CHECKING:  # a checker would take every name, misspelt ones too
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "KNOWN": "dg_keras.data.tables.known_datasets",
            "Domain": "dg_keras.data.feeding.domain",
            "Inspection": "dg_keras.data.tools.inspection",
            "KnownDataset": "dg_keras.data.tables.known_datasets",
            "LeaveOneOut": "dg_keras.data.tables.leave_one_out",
            "doctor": "dg_keras.data.tools.doctor",
            "download": "dg_keras.data.tools.download",
            "interleave": "dg_keras.data.feeding.interleave",
            "load": "dg_keras.data.tables.load",
            "pooled": "dg_keras.data.feeding.pooled",
            "prepare": "dg_keras.data.tools.prepare",
            "without_tuner": "dg_keras.data.feeding.without_tuner",
            "write_manifest": "dg_keras.data.tables.manifest",
        },
    )
