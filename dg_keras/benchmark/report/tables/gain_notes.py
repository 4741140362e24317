"""The sentences below a table of gains."""

from dg_keras.benchmark.report.summary import Summary
from dg_keras.benchmark.report.tables.gain_caution import gain_caution


def gain_notes(summary: Summary) -> list[str]:
    """What a reader must know to read gains: what they are of, and what the intervals are worth."""
    return [
        f"Percent points over {summary.baseline}, the mean of the trials' paired differences, and "
        "in brackets its 95 % confidence interval (bootstrap over the trials); in bold where the "
        "interval excludes 0.",
        *gain_caution(summary),
    ]
