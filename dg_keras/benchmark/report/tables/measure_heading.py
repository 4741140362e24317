"""What a measure is called above a table or a figure."""

from dg_keras.benchmark.report.summary import Summary

_HEADINGS = {
    "accuracy": "Accuracy",
    "level_accuracy": "Accuracy, the mean of all evaluations from step {level_from} on",
    "balanced_accuracy": "Balanced accuracy (the mean of the classes' accuracies)",
    "new_concepts_accuracy": "Accuracy on the images of concepts that no source was trained on",
}


def measure_heading(summary: Summary, measure: str) -> str:
    """The measure in words.

    Args:
        summary: The experiment's numbers.
        measure: One of `summary.measures`.
    """
    return _HEADINGS[measure].format(level_from=summary.level_from)
