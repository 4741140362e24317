"""What is to be said of gains that are of few trials."""

from dg_keras.benchmark.report.summary import MEASURES, Summary

_FEW = 10  # pairs


def gain_caution(summary: Summary) -> list[str]:
    """The sentence on intervals that are too short; none where the trials are many.

    Args:
        summary: Numbers of several methods.
    """
    gains = [summary.gain(*place, MEASURES[0]) for place in summary.entries]
    pairs = [gain.pairs for gain in gains if gain is not None]
    fewest, most, needed = min(pairs), max(pairs), summary.needed_trials()
    if most == 1:
        return ["A single pair has no interval."]
    if most < needed:
        return [
            f"An interval of {_of(fewest, most)} pairs is far too short, and none is bold: it "
            f"takes {needed} pairs to tell."
        ]
    if fewest < needed:
        return [f"An interval of less than {needed} pairs is far too short, and not bold."]
    return [f"Intervals of {fewest} pairs are somewhat too short."] if fewest < _FEW else []


def _of(fewest: int, most: int) -> str:
    return f"{fewest}" if fewest == most else f"{fewest} to {most}"
