"""The picture of the methods' gains over the baseline."""

import dataclasses
from typing import Self

from dg_keras.benchmark.records.held_out import AVERAGE
from dg_keras.benchmark.report.page.gain_row import GainRow
from dg_keras.benchmark.report.page.points import points
from dg_keras.benchmark.report.page.scale import Scale
from dg_keras.benchmark.report.summary import MEASURES, Summary

_CHARACTER = 7.8  # width of one in a method's name, about
_NAMES = (48, 170)  # the least and the most that names take
_VALUES = 66  # what the numbers take
_ROW = 24
_TOP, _BOTTOM = 4, 34
_LONGEST = 22  # characters of a name that are shown


@dataclasses.dataclass(frozen=True)
class GainPanel:
    """All methods' gains over the baseline on one held-out domain, in units of the picture.

    Args:
        title: What was held out.
        rows: One per method other than the baseline, in the config's order.
        ticks: Where each tick is, and what it says; in percent points.
        zero: Where there is no gain.
        names: Where the methods' names end.
        axis: The height of the axis.
        height: The picture's.
    """

    title: str
    rows: tuple[GainRow, ...]
    ticks: tuple[tuple[float, str], ...]
    zero: float
    names: float
    axis: float
    height: float

    WIDTH = 360

    @classmethod
    def all_of(cls, summary: Summary, published: dict[tuple[str, str], float]) -> list[Self]:
        """One panel per held-out domain, the average's before them, all on one scale.

        Args:
            summary: The experiment's numbers.
            published: The paper's gains, in -1..1, by target and method; empty where the experiment
                is not the paper's.

        Returns:
            The panels; none where nothing is compared with the baseline.
        """
        methods = [method for method in summary.methods if method != summary.baseline]
        gains = [summary.gain(t, m, MEASURES[0]) for t in summary.targets for m in methods]
        shown = [gain for gain in gains if gain is not None]
        if not shown:
            return []
        limits = [value for g in shown for value in (g.mean, g.low, g.high) if value is not None]
        scale = Scale.of([*limits, *published.values()])
        longest = max(len(method[:_LONGEST]) for method in methods)
        names = min(max(_CHARACTER * longest + 10, _NAMES[0]), _NAMES[1])
        frame = _Frame(scale, names, cls.WIDTH - _VALUES)
        axis = _TOP + _ROW * len(methods)
        domains = [target for target in summary.targets if target != AVERAGE]
        panels = []
        for target in sorted(summary.targets, key=lambda target: target != AVERAGE):
            rows = [
                _row(summary, target, method, frame, _TOP + _ROW * (i + 0.5), published)
                for i, method in enumerate(methods)
            ]
            title = f"average over {len(domains)}" if target == AVERAGE else target
            ticks = tuple((frame.x(t), points(t, scale.decimals)) for t in scale.ticks)
            panel = cls(
                f"{title} held-out domains" if target == AVERAGE else f"{title} held out",
                tuple(rows),
                ticks,
                frame.x(0),
                names - 8,
                axis,
                axis + _BOTTOM,
            )
            panels.append(panel)
        return panels


@dataclasses.dataclass(frozen=True)
class _Frame:
    """Where on the picture differences are: between the names and the numbers."""

    scale: Scale
    left: float
    right: float

    def x(self, difference: float) -> float:
        margin = 8  # of the axis' end labels
        width = self.right - self.left - 2 * margin
        return round(self.left + margin + width * self.scale.position(difference), 1)


def _row(
    summary: Summary,
    target: str,
    method: str,
    frame: _Frame,
    y: float,
    published: dict[tuple[str, str], float],
) -> GainRow:
    gain = summary.gain(target, method, MEASURES[0])
    name = method if len(method) <= _LONGEST else method[: _LONGEST - 1] + "…"
    if gain is None:
        entry = summary.entries.get((target, method))
        if entry is not None and entry.trials:  # it is the baseline that has none of them
            words = f"{method}: no trial that {summary.baseline} has, too"
            return GainRow(name, words, "no pair", "open", y)
        why = "not run" if entry is None else "diverged"
        return GainRow(name, f"{method}: no trial to compare", why, "open", y)
    compared = summary.entries[target, method].comparison
    survives = compared is not None and compared.survives_correction
    words = f"{method}: {points(gain.mean)} percent points"
    interval = None
    if gain.low is not None and gain.high is not None:
        interval = frame.x(gain.low), frame.x(gain.high)
        words += f", 95 % interval {points(gain.low)} to {points(gain.high)}"
    words += f", {gain.pairs} trial{'s' * (gain.pairs > 1)}"
    if survives:
        words += ", significant after Holm's correction"
    paper = published.get((target, method))
    if paper is not None:
        words += f"; the paper's gain is {points(paper)}"
    return GainRow(
        name,
        words,
        f"{points(gain.mean)} pp{'†' * survives}",
        ("better" if gain.mean > 0 else "worse") if survives else "open",
        y,
        frame.x(gain.mean),
        interval,
        None if paper is None else frame.x(paper),
    )
