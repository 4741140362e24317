"""What the paper has of an experiment."""

import dataclasses
from pathlib import Path
from typing import Self

import pandas as pd

from dg_keras.benchmark.config.config import Config, Method
from dg_keras.benchmark.records.held_out import AVERAGE
from dg_keras.benchmark.report.summary import Summary

DATA_SETS = {
    "pacs": ("PACS", {"art_painting": "A", "cartoon": "C", "photo": "P", "sketch": "S"}),
    "vlcs": ("VLCS", {"Caltech101": "C", "LabelMe": "L", "SUN09": "S", "VOC2007": "V"}),
    "office_home": ("Office-Home", {"Art": "A", "Clipart": "C", "Product": "P", "Real World": "R"}),
}
"""The paper's names of the data sets that its table 1 is about, and of their domains."""

_DEEP_ALL = "Deep-All"
_SIGNIFICANT = "significant_vs_deep_all"


@dataclasses.dataclass(frozen=True)
class Published:
    """Table 1 of Mansilla et al. (2021), as far as an experiment has the same data and methods.

    The network and the protocol may be others.

    Args:
        means: The published accuracies, in 0..1, by held-out domain and method, both as the
            experiment names them. `AVERAGE` is the paper's own, of all domains of the data set.
        baseline: The method that the others are compared with.
        significant: Where the paper marks the difference to its baseline, Deep-All, as significant;
            it tests no averages. Nowhere, if the experiment's baseline is another.
    """

    means: dict[tuple[str, str], float]
    baseline: str
    significant: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, config: Config, summary: Summary) -> Self:
        """What there is; nothing for other data sets than the paper's.

        Args:
            config: The experiment.
            summary: Its numbers.
        """
        if config.data.name not in DATA_SETS:
            return cls({}, config.baseline, frozenset())
        data_set, letters = DATA_SETS[config.data.name]
        names = {**letters, AVERAGE: AVERAGE}
        targets = [target for target in summary.targets if target in names]
        if set(targets) != set(names):  # the paper's average is of other domains
            targets = [target for target in targets if target != AVERAGE]
        known = {method.name for method in config.methods if _is_the_papers(method)}
        table = pd.read_csv(Path(__file__).with_name("paper_table1.csv"), encoding="utf-8")
        rows = table[table["dataset"] == data_set].set_index(["target", "method"])
        tested = config.baseline == _DEEP_ALL
        places = [
            (t, m)
            for t in targets
            for m in summary.methods
            if m in known and (names[t], m) in rows.index
        ]
        of_places = {(t, m): rows.loc[(names[t], m)] for t, m in places}
        return cls(
            {place: float(row["accuracy_mean"]) / 100 for place, row in of_places.items()},
            config.baseline,
            frozenset(p for p, r in of_places.items() if tested and r[_SIGNIFICANT] == 1),
        )

    def gain(self, target: str, method: str) -> float | None:
        """The difference of the published means to the baseline's, in 0..1.

        Args:
            target: A held-out domain, or `AVERAGE`.
            method: A method's name.

        Returns:
            None for the baseline itself, and where the experiment or the paper lacks one of both.
        """
        ours, baselines = (self.means.get((target, name)) for name in (method, self.baseline))
        if method == self.baseline or ours is None or baselines is None:
            return None
        return round(ours - baselines, 4)


def _is_the_papers(method: Method) -> bool:
    """Whether a method is what the paper calls by its name, whatever its hyperparameters."""
    return method.is_as_named and method.batches == "each_domain"
