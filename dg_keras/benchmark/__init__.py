"""A config -> a grid of runs -> records on disk -> a report."""

from dg_keras.benchmark.config import Config, read
from dg_keras.benchmark.experiment import Experiment

__all__ = ["Config", "Experiment", "read"]
