"""What there is no result of."""

from dg_keras.benchmark.report.summary import Summary
from dg_keras.benchmark.report.tables.diverged_sentence import diverged_sentence
from dg_keras.benchmark.report.tables.left_out import left_out
from dg_keras.benchmark.report.tables.unfinished import unfinished


def no_result(summary: Summary) -> list[str]:
    """The sentences about runs that are missing or diverged, and images that could not be read.

    Args:
        summary: The experiment's numbers.

    Returns:
        No sentence, or up to three.
    """
    sentences = unfinished(summary.runs, summary.planned)
    runs = len(summary.diverged)
    if runs:
        sentences.append(f"{diverged_sentence(runs, 'no mean and no test')}.")
    return [*sentences, *left_out(summary.skipped_images)]
