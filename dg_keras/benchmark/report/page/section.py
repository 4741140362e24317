"""What the page shows of one experiment, in the order in which it is read."""

import dataclasses
from typing import Any, Self

from dg_keras.benchmark.report.page.caveats import caveats
from dg_keras.benchmark.report.page.facts import facts
from dg_keras.benchmark.report.page.finding import finding
from dg_keras.benchmark.report.page.gain_panel import GainPanel
from dg_keras.benchmark.report.page.page_table import PageTable
from dg_keras.benchmark.report.page.picture import Picture
from dg_keras.benchmark.report.page.search_finding import search_finding
from dg_keras.benchmark.report.published import Published
from dg_keras.benchmark.report.report_part import ReportPart
from dg_keras.benchmark.report.search_part import SearchPart
from dg_keras.benchmark.report.summary import LEVEL, Summary


@dataclasses.dataclass(frozen=True)
class Section:
    """An experiment's finding, its numbers and pictures, and how it was run.

    Args:
        name: The experiment's, which is its place on the page, too.
        finding: The sentence that it opens with.
        baseline: The name of the method that others are compared with.
        panels: The gains over the baseline; none where there are none.
        gains_caption: What the panels show.
        caveats: What a reader must know of the numbers.
        tables: Accuracy first.
        notes: What the accuracies' cells and marks mean.
        pictures: The other figures.
        facts: How it was run: terms, each with its sentences.
    """

    name: str
    finding: str
    baseline: str
    panels: list[GainPanel]
    gains_caption: str
    caveats: list[str]
    tables: list[PageTable]
    notes: list[str]
    pictures: list[Picture]
    facts: list[tuple[str, list[str]]]

    @classmethod
    def of(cls, part: ReportPart | SearchPart) -> Self:
        """What there is to show of an experiment.

        Args:
            part: A comparison or a grid search.
        """
        shared: dict[str, Any] = {
            "name": part.config.name,
            "baseline": part.config.baseline,
            "facts": facts(part.config, part.records, part.planned),
        }
        if isinstance(part, SearchPart):
            lost = bool(part.means["diverged"].any())
            return cls(
                finding=search_finding(part.config, part.means, part.planned),
                panels=[],
                gains_caption="",
                caveats=[],
                tables=[PageTable.of(table) for table in part.tables],
                notes=part.notes,
                pictures=[Picture.of(name, png, lost) for name, png in part.figures.items()],
                **shared,
            )
        summary = part.summary
        published = Published.of(part.config, summary)
        gains = {place: published.gain(*place) for place in published.means}
        papers = {place: gain for place, gain in gains.items() if gain is not None}
        return cls(
            finding=finding(summary),
            panels=GainPanel.all_of(summary, papers),
            gains_caption=_gains_caption(summary, bool(papers)),
            caveats=caveats(part.config, summary),
            tables=_tables(part),
            notes=_notes(part),
            # The gains are drawn as panels.
            pictures=[Picture.of(n, png) for n, png in part.figures.items() if n != "gains"],
            **shared,
        )


def _tables(part: ReportPart) -> list[PageTable]:
    """The measures with their unit, then what else there is."""
    summary = part.summary
    unit = "%, one trial"
    if summary.trials > 1:
        unit = f"%, mean ± standard deviation over {summary.trials_told}"
    measured = len(summary.measures)  # which come first
    return [
        PageTable.of(table, unit if i < measured else "") for i, table in enumerate(part.tables)
    ]


def _gains_caption(summary: Summary, has_papers: bool) -> str:
    """What the picture of the gains shows."""
    sentences = [
        f"Accuracy on the held-out domain minus {summary.baseline}'s, in percent points (pp): mean "
        "of the trials' paired differences, and its 95 % confidence interval (bootstrap over the "
        "trials).",
        f"† and colour: differs from {summary.baseline} after Holm's correction over the methods "
        "of a held-out domain.",
    ]
    if has_papers:
        sentences.append(
            "Diamonds: the gain in table 1 of Mansilla et al. (2021), with the paper's network."
        )
    return " ".join(sentences)


def _notes(part: ReportPart) -> list[str]:
    """What the marks of the measures' tables mean."""
    notes = [
        "Bold: the best mean of a held-out domain; it need not differ from others by more than "
        "chance."
    ]
    if part.summary.can_test:
        notes.append(
            f"* differs from {part.summary.baseline}: p < {LEVEL} in a paired, two-sided Wilcoxon "
            "test over the trials; † still so after Holm's correction over the methods of a "
            "held-out domain."
        )
    return notes
