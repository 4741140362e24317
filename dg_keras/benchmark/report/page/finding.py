"""What an experiment found, in one sentence."""

from dg_keras.benchmark.records.held_out import AVERAGE
from dg_keras.benchmark.report.gain import Gain
from dg_keras.benchmark.report.page.points import points
from dg_keras.benchmark.report.summary import LEVEL, MEASURES, Comparison, Summary

_NUMBERS = ("no", "one", "two", "three", "four", "five")


def finding(summary: Summary) -> str:
    """The sentence that a report opens with: the highest gain, and what it can be told from.

    It is about the average over the held-out domains, or about the first domain of which there is
    something to compare. Without a comparison it says how accurate the best method is.

    Args:
        summary: The experiment's numbers.
    """
    if not summary.trials:
        return f"All {len(summary.diverged)} runs diverged, so that there is no result."
    others = [method for method in summary.methods if method != summary.baseline]
    for target in sorted(summary.targets, key=lambda target: target != AVERAGE):
        gains = {
            method: gain
            for method in others
            if (gain := summary.gain(target, method, MEASURES[0])) is not None
        }
        if gains:
            compared = {method: _compared(summary, target, method) for method in gains}
            tested = {method: gains[method] for method in gains if compared[method].is_possible}
            # A gain that no test can tell from chance is no finding where another's can be told.
            told = _told_apart(summary, target, tested) if tested else _why_not(summary, compared)
            return f"{_highest(summary, target, tested or gains)}; {told}."
    return _accuracy(summary)


def _compared(summary: Summary, target: str, method: str) -> Comparison:
    comparison = summary.entries[target, method].comparison
    assert comparison is not None  # what has a gain was compared
    return comparison


def _highest(summary: Summary, target: str, gains: dict[str, Gain]) -> str:
    """The gain of the method that has the highest, with its interval."""
    method = max(gains, key=lambda method: gains[method].mean)
    gain = gains[method]
    size = points(abs(gain.mean)).lstrip("+")
    is_behind = float(size) > 0 and gain.mean < 0
    verb = "is" if len(gains) == 1 else f"comes out highest of {len(gains)} methods:"
    relation = (
        f"as accurate as {summary.baseline} to a tenth of a percent point"
        if float(size) == 0
        else f"{size} percent points {'less' if is_behind else 'more'} accurate than "
        f"{summary.baseline}"
    )
    if is_behind and len(gains) > 1:
        verb = f"comes nearest of {len(gains)} methods, all of them behind:"
    if gain.low is None or gain.high is None:
        known = _trials(gain.pairs)
    else:
        known = f"95 % interval {points(gain.low)} to {points(gain.high)}, {_trials(gain.pairs)}"
    return f"{method} {verb} {relation} {_where(summary, target)} ({known})"


def _why_not(summary: Summary, compared: dict[str, Comparison]) -> str:
    """Why it can't be said whether methods differ from the baseline."""
    pairs = max(comparison.pairs for comparison in compared.values())
    number = _NUMBERS[pairs] if pairs < len(_NUMBERS) else str(pairs)
    return (
        f"{number} trial{'s' * (pairs > 1)} cannot tell such differences from chance, "
        f"which takes at least {summary.needed_trials()}"
    )


def _told_apart(summary: Summary, target: str, tested: dict[str, Gain]) -> str:
    """How many of the methods that can be tested differ from the baseline."""
    compared = {method: _compared(summary, target, method) for method in tested}
    differ = [method for method in tested if compared[method].survives_correction]
    if len(tested) == 1:
        (comparison,) = compared.values()
        told = "can" if differ else "cannot"
        p = "p < 0.001" if comparison.p_holm < 0.001 else f"p = {comparison.p_holm:.3f}"
        if comparison.p_holm != comparison.p:
            p += " after Holm's correction"
        return f"a paired Wilcoxon test {told} tell that from chance ({p})"
    of = f"of the {len(tested)} methods"
    test = f"from {summary.baseline} after Holm's correction (p < {LEVEL})"
    if not differ:
        return f"{of} none differs {test}"
    named = ", ".join(f"{method} ({points(tested[method].mean)})" for method in differ)
    return f"{of} {len(differ)} differ{'s' * (len(differ) == 1)} {test}: {named}"


def _accuracy(summary: Summary) -> str:
    """The best method's accuracy, where there is nothing to compare it with."""
    target = next(
        target
        for target in sorted(summary.targets, key=lambda target: target != AVERAGE)
        if summary.best(target, MEASURES[0])
    )
    method = next(name for name in summary.methods if name in summary.best(target, MEASURES[0]))
    entry = summary.entries[target, method]
    spread = entry.spreads[MEASURES[0]]
    known = _trials(entry.trials)
    if spread.deviation is not None:
        known += f", standard deviation {100 * spread.deviation:.1f} percent points"
    sentence = (
        f"{method} classifies {spread.percent:.1f} % of the images rightly "
        f"{_where(summary, target)} ({known})"
    )
    if len(summary.methods) == 1:
        return f"{sentence}; it is compared with no other method."
    return f"{sentence}, the most of {len(summary.methods)} methods; none shares a trial with " + (
        f"{summary.baseline}, with which they would be compared."
    )


def _where(summary: Summary, target: str) -> str:
    if target != AVERAGE:
        return f"where {target} is held out"
    return f"on average over the {len(summary.targets) - 1} held-out domains"


def _trials(number: int) -> str:
    return f"{number} trial{'s' * (number > 1)}"
