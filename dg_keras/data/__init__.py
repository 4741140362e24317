"""Images on disk, a dataset a domain, one interleaved dataset."""

from dg_keras.data.domain import Domain
from dg_keras.data.interleave import interleave
from dg_keras.data.leave_one_out import LeaveOneOut
from dg_keras.data.load import load
from dg_keras.data.manifest import write_manifest

__all__ = ["Domain", "LeaveOneOut", "interleave", "load", "write_manifest"]
