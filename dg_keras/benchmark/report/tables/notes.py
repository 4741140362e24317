"""The sentences below a table."""

from dg_keras.benchmark.report.summary import LEVEL, Summary
from dg_keras.benchmark.report.tables.no_result import no_result
from dg_keras.benchmark.report.tables.no_test import no_test


def notes(summary: Summary) -> list[str]:
    """What a reader must know to read the tables: what the cells hold, and what the marks mean."""
    sentences = no_result(summary)
    if summary.trials:
        sentences.insert(
            0,
            "Accuracy on the held-out domain in percent: mean ± standard deviation over "
            f"{summary.trials_told}, the best mean in bold.",
        )
    if summary.can_test:
        sentences.append(
            f"* differs from {summary.baseline}: p < {LEVEL} in a paired, two-sided Wilcoxon test; "
            "† still so after Holm's correction over the methods of a held-out domain."
        )
    elif summary.comparisons:
        sentences.append(no_test(summary))
    return sentences
