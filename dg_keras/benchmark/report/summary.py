"""What the records of an experiment come to, in numbers."""

import dataclasses
import statistics
from collections.abc import Sequence
from typing import Self

import pandas as pd

from dg_keras.analysis import holm, paired_test, rank_biserial, smallest_p
from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.records.held_out import AVERAGE
from dg_keras.benchmark.records.record import Record
from dg_keras.benchmark.report.gain import Gain

LEVEL = 0.05
"""The p-value below which a difference to the baseline counts as significant."""

MEASURES = ("accuracy", "level_accuracy", "balanced_accuracy", "new_concepts_accuracy")
"""The measures on the held-out domain, the one that is tested for significance first.

All are those of the selected step, but for the level accuracy: the mean over all evaluations from
`report.level_from` on, which averaged weights have none of.
"""

_GAINED = MEASURES[:2]
"""The measures whose gains are shown."""

_Values = dict[int, dict[str, float]]
"""By trial and measure, what a method came to on a target."""


@dataclasses.dataclass(frozen=True)
class Spread:
    """A measure over the trials, in 0..1.

    `deviation` is the standard deviation of a sample, None for a single trial.
    """

    mean: float
    deviation: float | None

    @property
    def percent(self) -> float:
        """The mean in percent, rounded to two decimals: as tables show it and ties are told."""
        return round(100 * self.mean, 2)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A method's accuracy against the baseline's, over the trials that both have.

    Args:
        pairs: The number of these trials.
        p: Of the paired, two-sided Wilcoxon test.
        p_holm: The same after Holm's correction over the methods of a target.
        effect: The rank-biserial correlation, above 0 where the method is better.
    """

    pairs: int
    p: float
    p_holm: float
    effect: float

    @property
    def is_possible(self) -> bool:
        """Whether so many pairs can give a significant difference at all."""
        return smallest_p(self.pairs) < LEVEL

    @property
    def is_significant(self) -> bool:
        """Whether the difference is significant by itself."""
        return self.p < LEVEL

    @property
    def survives_correction(self) -> bool:
        """Whether it is significant among all methods of the target."""
        return self.p_holm < LEVEL


@dataclasses.dataclass(frozen=True)
class Entry:
    """What a method came to on a target, or on the average over all of them.

    Args:
        trials: The number of trials that came to a result.
        spreads: By measure; one that was not taken is missing.
        comparison: With the baseline; None for itself, and where they share no trial.
        gains: Over the baseline, by measure; none for itself, and where they share no trial.
        diverged: The number of trials that diverged, which nothing else here is about; of the
            average, those that diverged on any target.
    """

    trials: int
    spreads: dict[str, Spread]
    comparison: Comparison | None = None
    gains: dict[str, Gain] = dataclasses.field(default_factory=dict)
    diverged: int = 0


@dataclasses.dataclass(frozen=True)
class Summary:
    """An experiment's numbers, computed once, which tables, figures and page show.

    Args:
        baseline: The name of the method that the others are compared with.
        targets: The held-out domains in their order; `AVERAGE` comes last where there are several.
        methods: The names of the methods of which there are runs, in the config's order.
        entries: By target and method; what has not been run is missing.
        level_from: The step from which on the level accuracy averages; None where there is none.
        averaged: The names of the methods that are tested with averaged weights.
        diverged: The records of the runs that diverged; no mean and no test is about them.
        skipped_images: How many images were left out since they can't be read.
        runs: How many have been done, those that diverged included.
        planned: How many runs the experiment has.
    """

    baseline: str
    targets: tuple[str, ...]
    methods: tuple[str, ...]
    entries: dict[tuple[str, str], Entry]
    level_from: int | None = None
    averaged: tuple[str, ...] = ()
    diverged: tuple[Record, ...] = ()
    skipped_images: int = 0
    runs: int = 0
    planned: int = 0

    @classmethod
    def of(cls, config: Config, records: Sequence[Record], planned: int | None = None) -> Self:
        """Summarizes the runs that have been done.

        The average over the targets is taken per trial, so that it has a standard deviation too; a
        trial that lacks a target has none.

        Args:
            config: The experiment, which is no grid search.
            records: Of some of its runs, at least one.
            planned: How many runs it has; None for those that there are records of.
        """
        level_from = config.report.level_from
        averaged = [m.name for m in config.methods if config.selection_of(m) == "average"]
        values: dict[tuple[str, str], _Values] = {}
        diverged: dict[tuple[str, str], set[int]] = {}
        for record in records:
            place = record.target, record.method
            of_place = values.setdefault(place, {})
            if record.result is None:
                diverged.setdefault(place, set()).add(record.trial)
                continue
            measures = record.result.model_dump(include=set(MEASURES), exclude_none=True)
            if level_from is not None and record.method not in averaged:
                measures["level_accuracy"] = _level_accuracy(record, level_from)
            of_place[record.trial] = measures
        targets = list(dict.fromkeys(record.target for record in records))
        done = {record.method for record in records}
        methods = [method.name for method in config.methods if method.name in done]
        if len(targets) > 1:
            for method in methods:
                average = _average([values.get((target, method), {}) for target in targets])
                lost = set().union(*(diverged.get((target, method), ()) for target in targets))
                if average or lost:
                    values[AVERAGE, method], diverged[AVERAGE, method] = average, lost
            targets.append(AVERAGE)
        gains = _gains(values, config.baseline)
        entries = {}
        for target in targets:
            of_target = {m: values[target, m] for m in methods if (target, m) in values}
            comparisons = _compare(of_target, config.baseline)
            for method, trials in of_target.items():
                entries[target, method] = Entry(
                    len(trials),
                    _spreads(trials),
                    comparisons.get(method),
                    gains.get((target, method), {}),
                    len(diverged.get((target, method), ())),
                )
        return cls(
            config.baseline,
            tuple(targets),
            tuple(methods),
            entries,
            level_from,
            tuple(method for method in methods if method in averaged),
            tuple(record for record in records if record.diverged),
            max(record.skipped_images for record in records),
            len(records),
            len(records) if planned is None else planned,
        )

    @property
    def measures(self) -> list[str]:
        """The measures that were taken, the accuracy in any case."""
        taken = {measure for entry in self.entries.values() for measure in entry.spreads}
        return [measure for measure in MEASURES if measure in {*taken, MEASURES[0]}]

    @property
    def gained(self) -> list[str]:
        """The measures that were taken of which gains are shown."""
        return [measure for measure in self.measures if measure in _GAINED]

    @property
    def trials(self) -> int:
        """The number of trials that came to a result, of whatever has most of them."""
        return max(entry.trials for entry in self.entries.values())

    @property
    def trials_told(self) -> str:
        """The same in words, and which methods were tried less often: "20 trials (IRM: 10)"."""
        tried: dict[str, int] = {}
        for (_, method), entry in self.entries.items():
            number = entry.trials + entry.diverged
            tried[method] = min(number, tried.get(method, number))
        fewer: dict[int, list[str]] = {}
        for method, number in tried.items():
            if number < self.trials:
                fewer.setdefault(number, []).append(method)
        told = "; ".join(f"{', '.join(names)}: {number}" for number, names in fewer.items())
        words = f"{self.trials} trial{'s' * (self.trials > 1)}"
        return f"{words} ({told})" if told else words

    @property
    def comparisons(self) -> list[Comparison]:
        """All comparisons with the baseline, the averages' included."""
        return [entry.comparison for entry in self.entries.values() if entry.comparison]

    @property
    def can_test(self) -> bool:
        """Whether some comparison has trials enough to be significant."""
        return any(comparison.is_possible for comparison in self.comparisons)

    @staticmethod
    def needed_trials() -> int:
        """The number of trials from which on a difference can be significant."""
        return next(pairs for pairs in range(1, 1000) if smallest_p(pairs) < LEVEL)

    def spread(self, target: str, method: str, measure: str) -> Spread | None:
        """A method's measure on a target; None where there is none."""
        entry = self.entries.get((target, method))
        return None if entry is None else entry.spreads.get(measure)

    def gain(self, target: str, method: str, measure: str = MEASURES[0]) -> Gain | None:
        """A method's gain over the baseline on a target; None where there is none."""
        entry = self.entries.get((target, method))
        return None if entry is None else entry.gains.get(measure)

    def best(self, target: str, measure: str) -> set[str]:
        """The methods whose mean on a target is the highest, as far as tables show it."""
        means = {
            method: spread.percent
            for method in self.methods
            if (spread := self.spread(target, method, measure))
        }
        return {method for method, mean in means.items() if mean == max(means.values())}

    def frame(self) -> pd.DataFrame:
        """All numbers, one row per target and method; what there is none of is not a number."""
        rows = []
        for (target, method), entry in self.entries.items():
            row = {"target": target, "method": method, "trials": entry.trials}
            row["diverged"] = entry.diverged
            for measure in self.measures:
                spread = entry.spreads.get(measure)
                row[f"{measure}_mean"] = spread and spread.mean
                row[f"{measure}_std"] = spread and spread.deviation
            compared = entry.comparison
            row |= {
                "pairs": compared.pairs if compared else 0,
                "p_value": compared and compared.p,
                "p_holm": compared and compared.p_holm,
                "effect": compared and compared.effect,
            }
            for measure in self.gained:
                gain = entry.gains.get(measure)
                prefix = "" if measure == MEASURES[0] else f"{measure}_"
                row |= {
                    f"{prefix}gain_mean": gain and gain.mean,
                    f"{prefix}gain_low": gain and gain.low,
                    f"{prefix}gain_high": gain and gain.high,
                }
            rows.append(row)
        counted = ("target", "method", "trials", "diverged", "pairs")
        numbers = [name for name in rows[0] if name not in counted]
        return pd.DataFrame(rows).astype(dict.fromkeys(numbers, float))


def _level_accuracy(record: Record, level_from: int) -> float:
    """The mean accuracy on the held-out domain over all evaluations from this step on."""
    accuracies = record.history[f"test_accuracy/{record.target}"]
    at_steps = zip(record.history_steps, accuracies, strict=True)
    return statistics.fmean(accuracy for step, accuracy in at_steps if step >= level_from)


def _average(targets: list[_Values]) -> _Values:
    """A method's measures averaged over all targets, per trial, where no target lacks them."""
    average: _Values = {}
    for trial in sorted(set.intersection(*(set(values) for values in targets))):
        of_trial = [values[trial] for values in targets]
        average[trial] = {
            measure: statistics.fmean(values[measure] for values in of_trial)
            for measure in MEASURES
            if all(measure in values for values in of_trial)
        }
    return average


def _spreads(trials: _Values) -> dict[str, Spread]:
    """Mean and deviation per measure."""
    found = {}
    for measure in MEASURES:
        values = [of_trial[measure] for of_trial in trials.values() if measure in of_trial]
        if values:
            deviation = statistics.stdev(values) if len(values) > 1 else None
            found[measure] = Spread(statistics.fmean(values), deviation)
    return found


def _gains(
    values: dict[tuple[str, str], _Values], baseline: str
) -> dict[tuple[str, str], dict[str, Gain]]:
    """The methods' gains over the baseline, by measure, over the trials in which both have it."""
    compared = {}
    for (target, method), trials in values.items():
        against = values.get((target, baseline), {})
        shared = [] if method == baseline else sorted(set(trials) & set(against))
        for measure in MEASURES:
            pairs = [
                (trials[trial][measure], against[trial][measure])
                for trial in shared
                if measure in trials[trial] and measure in against[trial]
            ]
            if pairs:
                ours, baselines = zip(*pairs, strict=True)
                compared[target, method, measure] = ours, baselines
    gains: dict[tuple[str, str], dict[str, Gain]] = {}
    for (target, method, measure), gain in Gain.of_each(compared).items():
        gains.setdefault((target, method), {})[measure] = gain
    return gains


def _compare(of_target: dict[str, _Values], baseline: str) -> dict[str, Comparison]:
    """The comparisons of a target's methods with the baseline, by method."""
    against = of_target.get(baseline, {})
    tests: dict[str, tuple[int, float, float]] = {}
    for method, trials in of_target.items():
        shared = sorted(set(trials) & set(against))
        if method != baseline and shared:
            ours = [trials[trial][MEASURES[0]] for trial in shared]
            theirs = [against[trial][MEASURES[0]] for trial in shared]
            tests[method] = (len(shared), paired_test(ours, theirs), rank_biserial(ours, theirs))
    corrected = holm([p for _, p, _ in tests.values()])
    return {
        method: Comparison(pairs, p, float(p_holm), effect)
        for (method, (pairs, p, effect)), p_holm in zip(tests.items(), corrected, strict=True)
    }
