"""A config -> a grid of runs -> records on disk -> a report."""

from dg_keras.benchmark.config import Config, Plan, read
from dg_keras.benchmark.experiment import Experiment
from dg_keras.benchmark.study import Study

__all__ = ["Config", "Experiment", "Plan", "Study", "read"]
