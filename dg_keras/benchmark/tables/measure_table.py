"""The table that a comparison is about: a measure by held-out domain and method."""

from dg_keras.benchmark.summary import MEASURES, Entry, Summary
from dg_keras.benchmark.tables.table import Cell, Table

_HEADINGS = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy (the mean of the classes' accuracies)",
    "new_concepts_accuracy": "Accuracy on the images of concepts that no source was trained on",
}


def measure_table(summary: Summary, measure: str = MEASURES[0]) -> Table:
    """Mean and standard deviation in percent: held-out domains down, methods across.

    The best means of a row are bold. Where the accuracy differs from the baseline's, an asterisk
    says that the difference is significant by itself, a dagger that it survives Holm's correction.

    Args:
        summary: The experiment's numbers.
        measure: One of `summary.measures`.
    """
    rows = []
    for target in summary.targets:
        best = summary.best(target, measure)
        cells = [
            Cell(_text(summary.entries.get((target, method)), measure), method in best)
            for method in summary.methods
        ]
        rows.append((Cell(target), *cells))
    return Table(_HEADINGS[measure], ("held out", *summary.methods), tuple(rows))


def _text(entry: Entry | None, measure: str) -> str:
    if entry is None or measure not in entry.spreads:
        return ""
    spread = entry.spreads[measure]
    text = f"{spread.percent:.2f}"
    if spread.deviation is not None:
        text += f" ± {100 * spread.deviation:.2f}"
    compared = entry.comparison
    if measure != MEASURES[0] or compared is None or not compared.is_significant:
        return text
    return text + ("†" if compared.survives_correction else "*")
