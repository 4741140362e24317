"""The sentences below a grid search's tables."""

import pandas as pd

from dg_keras.benchmark.report.tables.diverged_sentence import diverged_sentence
from dg_keras.benchmark.report.tables.unfinished import unfinished


def search_notes(means: pd.DataFrame, planned: int) -> list[str]:
    """What a reader must know to read them: what was measured, and what is never chosen.

    Args:
        means: From `grid_means`.
        planned: How many runs there are to be.
    """
    notes = ["Mean accuracy on the sources' validation parts in percent; nothing was tested."]
    for told in unfinished(int(means["runs"].sum()), planned):
        notes.append(f"{told} The choice may change, and chosen.yaml is written when all are.")
    runs = int(means["diverged"].sum())
    if runs:
        told = diverged_sentence(runs, "no mean")
        notes.append(f"{told}; a setting that has such runs is never chosen.")
    return notes
