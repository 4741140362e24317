"""Why a report tests nothing."""

from dg_keras.benchmark.report.summary import LEVEL, Summary


def no_test(summary: Summary) -> str:
    """The sentence that says why no difference is tested, and what a test would need.

    Args:
        summary: Numbers of several methods whose trials are too few.
    """
    pairs = max(comparison.pairs for comparison in summary.comparisons)
    return (
        f"No test of significance is possible: with {pairs} trial{'s' if pairs > 1 else ''} a "
        f"paired Wilcoxon test cannot give p < {LEVEL}; it needs at least "
        f"{summary.needed_trials()}."
    )
