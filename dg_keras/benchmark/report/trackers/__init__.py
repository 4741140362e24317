"""Runs and reports where TensorBoard or MLflow shows them."""

from dg_keras.benchmark.report.trackers.check_tracker import check_tracker
from dg_keras.benchmark.report.trackers.track import TrackingError, track

__all__ = ["TrackingError", "check_tracker", "track"]
