"""Images on disk, a dataset a domain, one interleaved dataset."""

from dg_keras.data.feeding.domain import Domain
from dg_keras.data.feeding.interleave import interleave
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
    "prepare",
    "without_tuner",
    "write_manifest",
]
