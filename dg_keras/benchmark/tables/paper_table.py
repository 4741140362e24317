"""How far from the published numbers an experiment is that repeats them."""

from pathlib import Path

import pandas as pd

from dg_keras import objectives, strategies
from dg_keras.benchmark.config import METHODS, Config, Method
from dg_keras.benchmark.summary import AVERAGE, MEASURES, Summary
from dg_keras.benchmark.tables.table import Cell, Table

_DATA_SETS = {
    "pacs": ("PACS", {"art_painting": "A", "cartoon": "C", "photo": "P", "sketch": "S"}),
    "vlcs": ("VLCS", {"Caltech101": "C", "LabelMe": "L", "SUN09": "S", "VOC2007": "V"}),
    "office_home": ("Office-Home", {"Art": "A", "Clipart": "C", "Product": "P", "Real World": "R"}),
}
"""The paper's names of the data sets that its table 1 is about, and of their domains."""


def paper_table(config: Config, summary: Summary) -> Table | None:
    """The means' differences to table 1 of Mansilla et al. (2021), in percent points.

    Args:
        config: The experiment.
        summary: Its numbers.

    Returns:
        The table, of the targets and methods that the paper has too; None for an experiment whose
        data, network, protocol or methods are others than the paper's, so that a difference would
        say nothing.
    """
    if not _is_the_papers(config):
        return None
    data_set, letters = _DATA_SETS[config.data.name]
    table = pd.read_csv(Path(__file__).parents[1] / "paper_table1.csv", encoding="utf-8")
    of_data_set = table[table["dataset"] == data_set].set_index(["target", "method"])
    published = of_data_set["accuracy_mean"].to_dict()
    names = {**letters, AVERAGE: AVERAGE}
    known = {method.name for method in config.methods if _is_the_papers_method(method)}
    methods = tuple(method for method in summary.methods if method in known)
    targets = [target for target in summary.targets if target in names]
    if AVERAGE in targets and set(targets) != set(names):
        targets.remove(AVERAGE)  # of other domains than the paper's average
    if not methods or not targets:
        return None
    rows = []
    for target in targets:
        spreads = [summary.spread(target, method, MEASURES[0]) for method in methods]
        texts = [
            "" if spread is None else f"{100 * spread.mean - published[names[target], method]:+.2f}"
            for method, spread in zip(methods, spreads, strict=True)
        ]
        rows.append((Cell(target), *map(Cell, texts)))
    return Table(
        "Difference of the means to table 1 of Mansilla et al. (2021), in percent points",
        ("held out", *methods),
        tuple(rows),
    )


def _is_the_papers(config: Config) -> bool:
    """Whether data, network and protocol are those of the paper's section 4 and of its code."""
    data, backbone, training = config.data, config.backbone, config.training
    optimizer = training.optimizer
    return (
        data.name in _DATA_SETS
        and (data.image_size, data.test) == (224, "part")
        and (backbone.name, backbone.weights) == ("alexnet", "imagenet")
        and backbone.train_from is None
        and not backbone.arguments
        and (training.batch_size, training.steps, training.evaluate_every) == (128, 1000, 20)
        and (optimizer.name, optimizer.learning_rate, optimizer.weight_decay)
        == ("adam_l2", 1e-5, 5e-5)
    )


def _is_the_papers_method(method: Method) -> bool:
    """Whether a method is what the paper calls by its name, whatever its own hyperparameters."""
    if method.name not in METHODS:
        return False
    objective, strategy = METHODS[method.name]
    return (
        type(objectives.get(method.objective)) is type(objectives.get(objective))
        and type(strategies.get(method.strategy)) is type(strategies.get(strategy))
        and method.batches == "each_domain"
        and method.learning_rate is None
        and method.weight_decay is None
        and not method.targets
    )
