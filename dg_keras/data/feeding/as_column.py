"""A `pandas.Series` as Keras takes it."""

from typing import Any

import pandas as pd


def as_column(array: Any) -> Any:
    """A series as a table of one column, which Keras' own `fit` makes of it; others as they are."""
    return array.to_frame() if isinstance(array, pd.Series) else array
