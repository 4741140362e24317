"""A summary's numbers against those worked by hand."""

import numpy as np
import pytest

from dg_keras.benchmark.records.held_out import AVERAGE
from dg_keras.benchmark.records.record import Result
from dg_keras.benchmark.report.gain import Gain
from dg_keras.benchmark.report.summary import Spread, Summary
from tests.benchmark.made_records import config, diverged, record, records


def summary(*made, **accuracies):
    return Summary.of(config(), [*made, *records(**accuracies)])


def test_means_deviations_and_the_average_over_targets():
    made = summary(**{"Deep-All": [[0.5, 0.7], [0.1, 0.1]], "Agr-Sum": [[0.8, 0.8], [0.2, 0.4]]})
    spread = made.spread("photo", "Deep-All", "accuracy")
    assert (spread.mean, spread.deviation) == pytest.approx((0.6, np.sqrt(0.02)))
    # A trial's average is that of its targets: (0.5 + 0.1) / 2 and (0.7 + 0.1) / 2.
    average = made.spread(AVERAGE, "Deep-All", "accuracy")
    assert (average.mean, average.deviation) == pytest.approx((0.35, np.sqrt(0.005)))
    assert made.targets == ("photo", "sketch", "average")
    assert made.entries["photo", "Deep-All"].comparison is None
    assert made.entries["photo", "Agr-Sum"].comparison.p == 0.5


def test_holm_and_the_effect_are_over_the_methods_of_a_target():
    base = np.linspace(0.5, 0.6, 6)
    better, worse = base + np.linspace(0.01, 0.02, 6), base - np.linspace(0.01, 0.02, 6)
    made = Summary.of(
        config("methods=[Deep-All, Agr-Sum, IRM]"),
        records(**{"Deep-All": [base, base], "Agr-Sum": [better, better], "IRM": [worse, base]}),
    )
    agr_sum, irm = (made.entries["photo", method].comparison for method in ("Agr-Sum", "IRM"))
    # All six signs alike: 2 / 2^6; the smallest of two is doubled, the larger at least as large.
    assert agr_sum.p == pytest.approx(1 / 32)
    assert agr_sum.p_holm == irm.p_holm == pytest.approx(1 / 16)
    assert (agr_sum.effect, irm.effect) == (1, -1)
    assert agr_sum.is_significant
    assert not agr_sum.survives_correction
    assert made.entries["sketch", "IRM"].comparison.p_holm == 1


@pytest.mark.parametrize(("trials", "possible"), [(3, False), (5, False), (6, True), (10, True)])
def test_whether_a_test_is_possible_depends_on_the_trials(trials, possible):
    base = np.linspace(0.5, 0.6, trials)
    made = summary(**{"Deep-All": [base, base], "PCGrad": [base + 0.01, base + 0.01]})
    assert made.can_test is possible
    assert {comparison.pairs for comparison in made.comparisons} == {trials}
    assert made.needed_trials() == 6


def test_pairs_are_the_trials_that_both_have():
    made = summary(
        *(record("Deep-All", "photo", trial, 0.5) for trial in (1, 2, 3)),
        *(record("Agr-Sum", "photo", trial, 0.6) for trial in (2, 3, 4)),
    )
    assert made.entries["photo", "Agr-Sum"].comparison.pairs == 2
    assert made.entries["photo", "Agr-Sum"].trials == 3


def test_methods_that_were_tried_less_often_are_told():
    two, three = [0.5, 0.6], [0.5, 0.6, 0.7]
    made = Summary.of(
        config("methods=[Deep-All, Agr-Sum, PCGrad, IRM, MLDG]"),
        [
            *(diverged("IRM", "photo", 3), record("MLDG", "photo", 1, 0.5)),
            *records(**{"Deep-All": [three, three], "Agr-Sum": [three, two], "PCGrad": [two, two]}),
        ],
    )
    assert made.trials_told == "3 trials (Agr-Sum, PCGrad: 2; IRM, MLDG: 1)"
    assert summary(**{"Deep-All": [three, three]}).trials_told == "3 trials"
    assert summary(**{"Deep-All": [[0.5], [0.5]]}).trials_told == "1 trial"


def test_an_average_needs_every_target_and_more_than_one():
    unfinished = records(**{"Deep-All": [[0.5], [0.1]], "PCGrad": [[0.6], [0.2]]})[:3]
    made = Summary.of(config(), unfinished)
    assert made.spread(AVERAGE, "Deep-All", "accuracy") == Spread(pytest.approx(0.3), None)
    assert (AVERAGE, "PCGrad") not in made.entries
    assert Summary.of(config(), unfinished[:1]).targets == ("photo",)


def test_a_measure_that_a_target_lacks_is_not_averaged():
    lacking = record("Deep-All", "photo", 1, 0.5)
    measured = Result(validation_accuracy=0.5, accuracy=0.5, new_concepts_accuracy=0.25)
    made = summary(lacking, record("Deep-All", "sketch", 1, 0.5, result=measured))
    assert made.measures == ["accuracy", "new_concepts_accuracy"]
    assert made.spread("sketch", "Deep-All", "new_concepts_accuracy").mean == 0.25
    assert made.spread(AVERAGE, "Deep-All", "new_concepts_accuracy") is None


def test_equals_are_all_the_best_as_far_as_tables_show_it():
    made = summary(**{"Deep-All": [[0.500001], [0.1]], "PCGrad": [[0.5], [0.2]]})
    assert made.best("photo", "accuracy") == {"Deep-All", "PCGrad"}
    assert made.best("sketch", "accuracy") == {"PCGrad"}


def test_methods_stand_in_the_configs_order():
    reverse = reversed(records(**{"Deep-All": [[0.5], [0.1]], "PCGrad": [[0.6], [0.2]]}))
    assert Summary.of(config(), list(reverse)).methods == ("Deep-All", "PCGrad")


def test_gains_are_over_the_shared_trials_of_a_target_and_of_their_average():
    done = records(**{"Deep-All": [[0.5, 0.6, 0.7], [0.1, 0.1, 0.1]]})
    done += records(**{"PCGrad": [[0.6, 0.9], [0.1, 0.2]]})
    made = Summary.of(config(), done)
    assert made.gain("photo", "PCGrad", "accuracy") == Gain(2, 0.2, 0.1, 0.3)
    assert made.gain("sketch", "PCGrad", "accuracy") == Gain(2, 0.05, 0.0, 0.1)
    # Per trial: (0.1 + 0) / 2 and (0.3 + 0.1) / 2.
    assert made.gain(AVERAGE, "PCGrad", "accuracy") == Gain(2, 0.125, 0.05, 0.2)
    assert made.entries["photo", "Deep-All"].gains == {}
    assert made.gain("photo", "MLDG", "accuracy") is None


def test_there_is_no_gain_where_no_trial_is_shared():
    made = summary(record("Deep-All", "photo", 1, 0.5), record("PCGrad", "photo", 2, 0.5))
    assert made.entries["photo", "PCGrad"].gains == {}
    assert np.isnan(made.frame()["gain_mean"]).all()


def test_a_measures_gain_is_over_the_trials_in_which_both_have_it():
    def measured(method, trial, **more):
        result = Result(validation_accuracy=0.5, accuracy=0.5, **more)
        return record(method, "photo", trial, 0.5, result=result)

    made = summary(
        measured("Deep-All", 1),
        measured("Deep-All", 2, new_concepts_accuracy=0.5),
        measured("PCGrad", 1, new_concepts_accuracy=0.5),
        measured("PCGrad", 2, new_concepts_accuracy=0.75),
    )
    assert made.gain("photo", "PCGrad", "new_concepts_accuracy") == Gain(1, 0.25, None, None)
    assert made.gain("photo", "PCGrad", "accuracy").pairs == 2


def with_level(*made, level_from=4):
    overrides = ["along_training.accuracy=true", f"report.level_from={level_from}"]
    return Summary.of(config("training.steps=6", *overrides), made)


def along(method, target, trial, *accuracies):
    history = {f"test_accuracy/{target}": list(accuracies), "test_accuracy/other": [0.0] * 3}
    return record(method, target, trial, 0.5, history=history, history_steps=[2, 4, 6])


def test_the_level_accuracy_is_the_mean_from_its_first_step_on():
    done = [
        along("Deep-All", "photo", 1, 0.1, 0.5, 0.7),
        along("Deep-All", "photo", 2, 0.9, 0.4, 0.4),
        along("PCGrad", "photo", 1, 0.1, 0.6, 0.8),
        along("PCGrad", "photo", 2, 0.1, 0.6, 0.8),
    ]
    made = with_level(*done)
    assert made.measures == made.gained == ["accuracy", "level_accuracy"]
    assert made.level_from == 4
    assert made.spread("photo", "Deep-All", "level_accuracy") == Spread(
        pytest.approx(0.5), pytest.approx(np.sqrt(0.02))
    )
    assert made.best("photo", "level_accuracy") == {"PCGrad"}
    assert made.gain("photo", "PCGrad", "level_accuracy") == Gain(2, 0.2, 0.1, 0.3)
    assert made.gain("photo", "PCGrad", "accuracy").mean == 0
    frame = made.frame().set_index("method").loc["PCGrad"]
    assert frame["level_accuracy_gain_high"] == 0.3
    assert frame["gain_high"] == 0
    # A step between two evaluations.
    between = with_level(*done, level_from=5)
    assert between.spread("photo", "Deep-All", "level_accuracy").mean == pytest.approx(0.55)


def test_the_level_accuracy_is_averaged_over_the_targets():
    done = [along("Deep-All", t, 1, 0.1, level, level) for t, level in (("a", 0.5), ("b", 0.7))]
    assert with_level(*done).spread(AVERAGE, "Deep-All", "level_accuracy").mean == 0.6


def test_averaged_weights_have_no_level_accuracy():
    """What was evaluated along training was not what is tested."""
    averaged = "methods=[Deep-All, {name: SWAD, selection: average}]"
    level = ("training.steps=6", "along_training.accuracy=true", "report.level_from=4")
    done = [along(name, "photo", 1, 0.1, 0.5, 0.7) for name in ("Deep-All", "SWAD")]
    made = Summary.of(config(averaged, *level), done)
    assert made.averaged == ("SWAD",)
    assert made.spread("photo", "Deep-All", "level_accuracy").mean == pytest.approx(0.6)
    assert made.spread("photo", "SWAD", "level_accuracy") is None
    assert made.gain("photo", "SWAD", "level_accuracy") is None
    assert made.gain("photo", "SWAD", "accuracy").mean == 0
    frame = made.frame().set_index("method")
    assert frame.loc["SWAD", ["level_accuracy_mean", "level_accuracy_gain_mean"]].isna().all()
    every = Summary.of(config(averaged, *level, "training.selection=average"), done)
    assert every.measures == ["accuracy"]


def test_there_is_no_level_accuracy_where_the_config_wants_none():
    made = summary(along("Deep-All", "photo", 1, 0.1, 0.5, 0.7))
    assert made.measures == ["accuracy"]
    assert "level_accuracy_gain_mean" not in made.frame()


def test_the_frame_has_a_row_per_target_and_method():
    frame = summary(**{"Deep-All": [[0.5], [0.1]], "PCGrad": [[0.6], [0.2]]}).frame()
    rows = frame.set_index(["target", "method"])
    assert len(rows) == 6
    assert rows.loc[("sketch", "PCGrad"), "accuracy_mean"] == 0.2
    assert rows.loc[("sketch", "PCGrad"), "p_value"] == 1
    assert np.isnan(rows.loc[("sketch", "Deep-All"), "p_value"])
    assert np.isnan(rows.loc[("sketch", "PCGrad"), "accuracy_std"])
    gains = rows[["gain_mean", "gain_low", "gain_high"]]
    np.testing.assert_allclose(gains.loc["sketch", "PCGrad"], [0.1, np.nan, np.nan])
    assert gains.loc["sketch", "Deep-All"].isna().all()
