"""What a reader must know of an experiment's numbers."""

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.report import tables
from dg_keras.benchmark.report.summary import LEVEL, Summary


def caveats(config: Config, summary: Summary) -> list[str]:
    """What the numbers say, and what a reader might take from them although they don't.

    Args:
        config: The experiment.
        summary: Its numbers.
    """
    own = any(m.learning_rate or m.weight_decay is not None or m.targets for m in config.methods)
    shared = "one network" if own else "one network and one setting of the optimizer"
    sentences = [
        *tables.no_result(summary),
        f"These are results of one data set and {shared}, the same for all methods; they need not "
        "hold for others.",
    ]
    tested = [comparison for comparison in summary.comparisons if comparison.is_possible]
    if tested:
        raw = sum(comparison.is_significant for comparison in tested)
        after = sum(comparison.survives_correction for comparison in tested)
        counted = (
            f"Of {len(tested)} comparisons with {summary.baseline}, the averages' included, "
            f"p < {LEVEL} holds in {raw} (*), and after Holm's correction over the methods of a "
            f"held-out domain in {after} (†)."
        )
        return [counted, *sentences]
    return [tables.no_test(summary), *sentences] if summary.comparisons else sentences
