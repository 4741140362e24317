"""Gains beside those of the paper, which compare though network and protocol are others."""

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.report.published import Published
from dg_keras.benchmark.report.summary import Summary
from dg_keras.benchmark.report.tables.gain_caution import gain_caution
from dg_keras.benchmark.report.tables.table import Cell, Table


def paper_gains_table(config: Config, summary: Summary) -> Table | None:
    """The gains in accuracy, here and in table 1 of Mansilla et al. (2021), in percent points.

    Args:
        config: The experiment.
        summary: Its numbers.

    Returns:
        A row per held-out domain and method that both have; None where there is none.
    """
    published = Published.of(config, summary)
    rows = []
    for target, method in published.means:
        ours, theirs = summary.gain(target, method), published.gain(target, method)
        if ours is not None and theirs is not None:
            mark = "*" if (target, method) in published.significant else ""
            cells = (
                Cell(target),
                Cell(method),
                Cell(ours.mean_points(2), bool(ours.excludes_zero)),
                Cell(ours.interval_points(2)),
                Cell(f"{100 * theirs:+z.2f}{mark}"),
                Cell(_same_sign(ours.mean, theirs)),
            )
            rows.append(cells)
    if not rows:
        return None
    return Table(
        f"Gain over {summary.baseline} beside the paper's, in percent points of accuracy",
        ("held out", "method", "gain here", "95 % interval", "gain in the paper", "same sign"),
        tuple(rows),
        (
            "The paper's gains are the differences of the means in table 1 of Mansilla et al. "
            "(2021), with * where it calls the difference to Deep-All significant; it tests no "
            "averages. A gain here is bold where its interval excludes 0. Data and methods are the "
            "paper's, network and protocol need not be.",
            *gain_caution(summary),
        ),
    )


def _same_sign(ours: float, theirs: float) -> str:
    """Whether both gains point in one direction; nothing where one is 0."""
    product = ours * theirs
    return "" if product == 0 else "yes" if product > 0 else "no"
