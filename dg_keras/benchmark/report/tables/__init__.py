"""A report's tables: what they hold, and the forms in which they are written."""

from dg_keras.benchmark.report.tables.comparison_table import comparison_table
from dg_keras.benchmark.report.tables.gain_caution import gain_caution
from dg_keras.benchmark.report.tables.gain_notes import gain_notes
from dg_keras.benchmark.report.tables.gains_table import gains_table
from dg_keras.benchmark.report.tables.latex import latex
from dg_keras.benchmark.report.tables.left_out import left_out
from dg_keras.benchmark.report.tables.markdown import markdown
from dg_keras.benchmark.report.tables.measure_heading import measure_heading
from dg_keras.benchmark.report.tables.measure_table import measure_table
from dg_keras.benchmark.report.tables.no_result import no_result
from dg_keras.benchmark.report.tables.no_test import no_test
from dg_keras.benchmark.report.tables.notes import notes
from dg_keras.benchmark.report.tables.pairs_table import pairs_table
from dg_keras.benchmark.report.tables.paper_gains_table import paper_gains_table
from dg_keras.benchmark.report.tables.paper_table import paper_table
from dg_keras.benchmark.report.tables.search_notes import search_notes
from dg_keras.benchmark.report.tables.search_tables import search_tables
from dg_keras.benchmark.report.tables.settings_tried import settings_tried
from dg_keras.benchmark.report.tables.table import Cell, Table
from dg_keras.benchmark.report.tables.tables_of import tables_of
from dg_keras.benchmark.report.tables.terminal import terminal
from dg_keras.benchmark.report.tables.terminal_grid import terminal_grid

__all__ = [
    "Cell",
    "Table",
    "comparison_table",
    "gain_caution",
    "gain_notes",
    "gains_table",
    "latex",
    "left_out",
    "markdown",
    "measure_heading",
    "measure_table",
    "no_result",
    "no_test",
    "notes",
    "pairs_table",
    "paper_gains_table",
    "paper_table",
    "search_notes",
    "search_tables",
    "settings_tried",
    "tables_of",
    "terminal",
    "terminal_grid",
]
