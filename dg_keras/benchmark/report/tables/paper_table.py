"""How far from the published numbers an experiment is that repeats them."""

from typing import Any

from dg_keras import objectives, strategies
from dg_keras.benchmark.config.config import Config, Method
from dg_keras.benchmark.report.published import DATA_SETS, Published
from dg_keras.benchmark.report.summary import MEASURES, Summary
from dg_keras.benchmark.report.tables.table import Cell, Table

_EITHER = {"seed", "zero_agrees"}  # as it is drawn; as in the paper, or in its authors' code


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
    own = {m.name for m in config.methods if _has_own_settings(config, m)}
    published = {
        (target, method): mean
        for (target, method), mean in Published.of(config, summary).means.items()
        if method not in own
    }
    if not published:
        return None
    targets, methods = (tuple(dict.fromkeys(names)) for names in zip(*published, strict=True))
    rows = []
    for target in targets:
        spreads = [summary.spread(target, method, MEASURES[0]) for method in methods]
        texts = [
            "" if spread is None else f"{100 * (spread.mean - published[target, method]):+z.2f}"
            for method, spread in zip(methods, spreads, strict=True)
        ]
        rows.append((Cell(target), *map(Cell, texts)))
    return Table(
        "Difference of the means to table 1 of Mansilla et al. (2021), in percent points",
        ("held out", *methods),
        tuple(rows),
        across="method",
    )


def _is_the_papers(config: Config) -> bool:
    """Whether data, network and protocol are those of the paper's section 4 and of its code."""
    data, backbone, training = config.data, config.backbone, config.training
    optimizer = training.optimizer
    return (
        data.name in DATA_SETS
        and (data.image_size, data.test) == (224, "part")
        and (backbone.name, backbone.weights) == ("alexnet", "imagenet")
        and backbone.train_from is None
        and not backbone.arguments
        and (training.batch_size, training.steps, training.evaluate_every) == (128, 1000, 20)
        and (optimizer.name, optimizer.learning_rate, optimizer.weight_decay, optimizer.epsilon)
        == ("adam_l2", 1e-5, 5e-5, 1e-8)
    )


def _has_own_settings(config: Config, method: Method) -> bool:
    """Whether a method is not trained and tested as the paper's, or as in its authors' code."""
    rates = (method.learning_rate, method.weight_decay)
    own = rates != (None, None) or bool(method.targets)
    return own or config.selection_of(method) == "average" or _has_own_arguments(method)


def _has_own_arguments(method: Method) -> bool:
    """Whether its objective or strategy has other hyperparameters than its name stands for."""
    if not method.is_as_named:
        return True
    return any(
        _hyperparameters(own) != _hyperparameters(known) for own, known in method.beside_known
    )


def _hyperparameters(plug_in: objectives.Objective | strategies.Strategy) -> dict[str, Any]:
    return {name: of for name, of in plug_in.get_config().items() if name not in _EITHER}
