"""The sentences below a grid search's tables."""

import pandas as pd


def search_notes(means: pd.DataFrame) -> list[str]:
    """What a reader must know to read them: what was measured, and what is never chosen.

    Args:
        means: From `grid_means`.
    """
    notes = ["Mean accuracy on the sources' validation parts in percent; nothing was tested."]
    runs = int(means["diverged"].sum())
    if runs:
        notes.append(
            f"{runs} run{'s' * (runs > 1)} diverged, {'each ' * (runs > 1)}at a step where a loss, "
            f"gradient or weight was infinite or NaN, and {'are' if runs > 1 else 'is'} in no "
            "mean; a setting that has such runs is never chosen."
        )
    return notes
