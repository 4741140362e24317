"""A report's figures."""

from dg_keras.benchmark.report.figures.box_plots import box_plots
from dg_keras.benchmark.report.figures.conflict_maps import conflict_maps
from dg_keras.benchmark.report.figures.figures_of import NAMES, figures_of
from dg_keras.benchmark.report.figures.gains import gains
from dg_keras.benchmark.report.figures.heat_maps import heat_maps
from dg_keras.benchmark.report.figures.missing_glyphs import missing_glyphs
from dg_keras.benchmark.report.figures.pair_gains import pair_gains
from dg_keras.benchmark.report.figures.png import png
from dg_keras.benchmark.report.figures.similarity_curves import similarity_curves
from dg_keras.benchmark.report.figures.training_curves import training_curves

__all__ = [
    "NAMES",
    "box_plots",
    "conflict_maps",
    "figures_of",
    "gains",
    "heat_maps",
    "missing_glyphs",
    "pair_gains",
    "png",
    "similarity_curves",
    "training_curves",
]
