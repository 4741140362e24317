"""Images on disk, a dataset a domain, one interleaved dataset."""

from dg_keras.data.doctor import doctor
from dg_keras.data.domain import Domain
from dg_keras.data.download import download
from dg_keras.data.interleave import interleave
from dg_keras.data.known_datasets import KNOWN, KnownDataset
from dg_keras.data.leave_one_out import LeaveOneOut
from dg_keras.data.load import load
from dg_keras.data.manifest import write_manifest
from dg_keras.data.prepare import prepare
from dg_keras.data.report import Report
from dg_keras.data.without_tuner import without_tuner

__all__ = [
    "KNOWN",
    "Domain",
    "KnownDataset",
    "LeaveOneOut",
    "Report",
    "doctor",
    "download",
    "interleave",
    "load",
    "prepare",
    "without_tuner",
    "write_manifest",
]
