"""What is to be said of gains that are of few trials."""

from dg_keras.benchmark.summary import MEASURES, Summary

_FEW = 10  # pairs


def gain_caution(summary: Summary) -> list[str]:
    """The sentence on intervals that are too short; none where the trials are many.

    Args:
        summary: Numbers of several methods.
    """
    gains = [summary.gain(*place, MEASURES[0]) for place in summary.entries]
    fewest = min(gain.pairs for gain in gains if gain is not None)
    needed = summary.needed_trials()
    if fewest == 1:
        return ["A single pair has no interval."]
    if fewest < needed:
        return [
            f"An interval of {fewest} pairs is far too short, and none is bold: it takes {needed} "
            "pairs to tell."
        ]
    return [f"Intervals of {fewest} pairs are somewhat too short."] if fewest < _FEW else []
