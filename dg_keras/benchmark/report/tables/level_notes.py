"""Which methods have no level accuracy."""

from dg_keras.benchmark.report.summary import Summary


def level_notes(summary: Summary, measure: str) -> list[str]:
    """The sentence about methods without it; none for another measure, or where all have it.

    Args:
        summary: The experiment's numbers.
        measure: One of `summary.measures`.
    """
    if measure != "level_accuracy" or not summary.averaged:
        return []
    return [
        f"There is no such mean of {', '.join(summary.averaged)}: no evaluation along training is "
        "of averaged weights."
    ]
