"""The sentences below a grid search's tables."""

import pandas as pd

from dg_keras.benchmark.report.tables.diverged_sentence import diverged_sentence


def search_notes(means: pd.DataFrame) -> list[str]:
    """What a reader must know to read them: what was measured, and what is never chosen.

    Args:
        means: From `grid_means`.
    """
    notes = ["Mean accuracy on the sources' validation parts in percent; nothing was tested."]
    runs = int(means["diverged"].sum())
    if runs:
        told = diverged_sentence(runs, "no mean")
        notes.append(f"{told}; a setting that has such runs is never chosen.")
    return notes
