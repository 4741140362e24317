"""The sentences below a table of gains."""

from dg_keras.benchmark.summary import MEASURES, Summary

_FEW = 10  # pairs


def gain_notes(summary: Summary) -> list[str]:
    """What a reader must know to read gains: what they are of, and what the intervals are worth."""
    sentences = [
        f"Percent points over {summary.baseline}, the mean of the trials' paired differences, and "
        "in brackets its 95 % confidence interval (bootstrap over the trials); in bold where the "
        "interval excludes 0."
    ]
    gains = [summary.gain(*place, MEASURES[0]) for place in summary.entries]
    fewest = min(gain.pairs for gain in gains if gain is not None)
    needed = summary.needed_trials()
    if fewest == 1:
        sentences.append("A single pair has no interval.")
    elif fewest < needed:
        sentences.append(
            f"An interval of {fewest} pairs is far too short, and none is bold: it takes {needed} "
            "pairs to tell."
        )
    elif fewest < _FEW:
        sentences.append(f"Intervals of {fewest} pairs are somewhat too short.")
    return sentences
