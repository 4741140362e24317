"""What there is no result of."""

from dg_keras.benchmark.report.summary import Summary
from dg_keras.benchmark.report.tables.diverged_sentence import diverged_sentence


def no_result(summary: Summary) -> list[str]:
    """The sentences about runs that diverged, and images that could not be read.

    Args:
        summary: The experiment's numbers.

    Returns:
        No sentence, one, or two.
    """
    sentences = []
    runs = len(summary.diverged)
    if runs:
        sentences.append(f"{diverged_sentence(runs, 'no mean and no test')}.")
    images = summary.skipped_images
    if images:
        sentences.append(
            f"{images} image{'s' * (images > 1)} could not be read, and "
            f"{'were' if images > 1 else 'was'} left out."
        )
    return sentences
