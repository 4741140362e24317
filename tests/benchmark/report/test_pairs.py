"""Which experiments cross objectives with strategies, and what is shown of those that do."""

import numpy as np
import pytest

from dg_keras.benchmark.report import figures, tables
from dg_keras.benchmark.report.page.section import Section
from dg_keras.benchmark.report.pairs import Pairs
from dg_keras.benchmark.report.report_part import ReportPart
from dg_keras.benchmark.report.summary import Summary
from tests.benchmark.made_records import config, records
from tests.benchmark.report.test_tables import cells

IRM = "{class_name: irm, config: {anneal_steps: 3}}"
CROSS = (
    "Deep-All",
    "{name: A, strategy: agr_sum}",
    f"{{name: B, objective: {IRM}, strategy: mean}}",
    "{name: C, objective: irm, strategy: agr_sum}",
)


def of(*methods):
    return config(f"methods=[{', '.join(methods)}]")


def summary(trials=6, methods=("Deep-All", "A", "B", "C"), targets=("photo", "sketch")):
    """Each method five points above the one before, C equal to the baseline."""
    base = np.linspace(0.3, 0.4, trials)
    shifts = dict(zip(("Deep-All", "A", "B", "C"), (0, 0.05, 0.1, 0), strict=True))
    done = {m: [base + shifts[m]] * len(targets) for m in methods}
    return Summary.of(of(*CROSS), records(targets=targets, **done))


def test_an_objective_with_its_arguments_is_that_objective():
    pairs = Pairs.of(of(*CROSS))
    assert (pairs.objectives, pairs.strategies) == (("empirical_risk", "irm"), ("mean", "agr_sum"))
    assert pairs.methods["irm", "mean"] == "B"
    assert pairs.methods["irm", "agr_sum"] == "C"


@pytest.mark.parametrize(
    "methods",
    [
        ["Deep-All", "Agr-Sum", "PCGrad"],  # one objective
        ["Deep-All", "IRM", "MLDG"],  # one strategy
        ["Deep-All", "Agr-Sum", "IRM"],  # a pair is missing
        [*CROSS, "{name: D, objective: irm, strategy: agr_sum, learning_rate: 0.1}"],  # twice
        [*CROSS[:3], "{name: C, objective: irm, strategy: agr_sum, batches: one_domain}"],
        ["Deep-All", "Agr-Sum", "Agr-Rand", "PCGrad", "IRM", "MLDG", "Mixup", "DRO"],
    ],
)
def test_what_is_no_cross(methods):
    made = of(*methods)
    assert Pairs.of(made) is None
    assert figures.pair_gains(made, summary()) is None
    assert tables.pairs_table(made, summary()) is None


def test_the_table_is_of_the_averages_gains():
    table = tables.pairs_table(of(*CROSS), summary())
    assert table.heading == "Gain over Deep-All by objective and strategy: average"
    assert cells(table) == {
        ("empirical_risk", "mean"): "baseline",
        ("empirical_risk", "agr_sum"): "**+5.0 (+5.0, +5.0)**",
        ("irm", "mean"): "**+10.0 (+10.0, +10.0)**",
        ("irm", "agr_sum"): "+0.0 (+0.0, +0.0)",
    }


def test_a_page_has_objectives_down_whatever_the_methods_are_called():
    methods = [
        f"{{name: {s}, objective: empirical_risk, strategy: {s}}}" for s in ("mean", "agr_sum")
    ]
    methods += ["{name: B, objective: irm, strategy: mean}", CROSS[3]]
    made = config(f"methods=[{', '.join(methods)}]", "baseline=mean")
    base = [[0.5, 0.6]] * 2
    part = ReportPart.of(made, records(mean=base, agr_sum=base, B=base, C=base))
    accuracy, *_, pairs = (table for table in Section.of(part).tables)
    assert accuracy.columns == ("method", "photo", "sketch", "average")
    assert pairs.columns == ("objective", "mean", "agr_sum")
    assert [row[0].text for row in pairs.rows] == ["empirical_risk", "irm"]


def test_a_pair_that_has_not_been_run_is_empty():
    unfinished = summary(methods=("Deep-All", "A"))
    assert cells(tables.pairs_table(of(*CROSS), unfinished))["irm", "mean"] == ""
    average = figures.pair_gains(of(*CROSS), unfinished).axes[0]
    assert [text.get_text() for text in average.texts] == ["baseline", "+5.0", "(+5.0, +5.0)"]


def test_a_cross_without_other_runs_than_the_baselines_has_nothing_to_show():
    alone = summary(methods=("Deep-All",))
    assert figures.pair_gains(of(*CROSS), alone) is None
    assert tables.pairs_table(of(*CROSS), alone) is None


def test_the_figure_has_the_average_and_every_domain_on_one_scale_around_zero():
    figure = figures.pair_gains(of(*CROSS), summary())
    *shown, scale = figure.axes
    assert scale.get_xlabel() == (
        "gain in accuracy over Deep-All in percent points, and its 95 % interval"
    )
    assert [axes.get_title() for axes in shown] == ["average", "photo held out", "sketch held out"]
    for axes in shown:
        (picture,) = axes.images
        assert picture.get_clim() == pytest.approx((-10, 10))
        np.testing.assert_allclose(picture.get_array().filled(np.nan), [[np.nan, 5], [10, 0]])
        texts = [text.get_text() for text in axes.texts]
        assert texts[:3] == ["baseline", "+5.0", "(+5.0, +5.0)"]
        assert texts[-2:] == ["+0.0", "(+0.0, +0.0)"]
        assert [label.get_text() for label in axes.get_xticklabels()] == ["mean", "agr_sum"]
    weights = {text.get_text(): text.get_weight() for text in shown[0].texts}
    assert (weights["+5.0"], weights["+0.0"]) == ("bold", "normal")
    assert [t.get_text() for t in shown[1].get_yticklabels()] == ["empirical_risk", "irm"]


@pytest.mark.parametrize("trials", [1, 3])
def test_few_trials_and_one_domain_can_be_drawn(trials):
    few = summary(trials, targets=("photo",))
    figure = figures.pair_gains(of(*CROSS), few)
    assert [axes.get_title() for axes in figure.axes[:-1]] == ["photo held out"]
    assert {text.get_weight() for text in figure.axes[0].texts} == {"normal"}
    assert figure.axes[-1].get_xlabel().endswith("(of too few trials to tell)")
    assert figures.png(figure).startswith(b"\x89PNG")


def test_no_gain_at_all_has_a_scale():
    figure = figures.pair_gains(of(*CROSS), summary(methods=("Deep-All", "C")))
    assert figures.png(figure).startswith(b"\x89PNG")


def test_a_report_has_both():
    made = of(*CROSS)
    base = [[0.5, 0.6]] * 2
    part = ReportPart.of(made, records(**{"Deep-All": base, "A": base, "B": base, "C": base}))
    assert "pairs" in part.figures
    assert "Gain over Deep-All by objective and strategy: average" in [
        table.heading for table in part.tables
    ]
