"""Which settings a grid search chooses, worked by hand."""

import pandas as pd
import pytest

from dg_keras import benchmark
from dg_keras.benchmark.config.grid_settings import grid_settings
from dg_keras.benchmark.records.record import Record, Result, Seconds
from dg_keras.benchmark.report.chosen_config import chosen_config
from dg_keras.benchmark.report.grid_means import grid_means
from tests.benchmark.made_records import record


def search(choose):
    grid = f"grid={{learning_rate: [0.1, 0.2], weight_decay: [0], choose: {choose}}}"
    (config,) = benchmark.read("configs/smoke.yaml", ["methods=[Deep-All]", grid]).configs
    return config


def records(config, accuracies):
    """One record per validation accuracy, which is told by rate, target and trial."""
    by_rate = {s.values["learning_rate"]: s.methods["Deep-All"] for s in grid_settings(config)}
    return [
        Record(
            method=by_rate[rate].name,
            target=target,
            trial=trial,
            seed=0,
            config={},
            split=None,
            weights=None,
            skipped_images=0,
            result=Result(validation_accuracy=accuracy),
            selected_step=2,
            history_steps=[2],
            history={},
            seconds=Seconds(prepare=0.0, train=0.0, test=0.0),
            versions={},
        )
        for (rate, target), trials in accuracies.items()
        for trial, accuracy in enumerate(trials, start=1)
    ]


# By rate and held-out domain. The second rate is best on average, and where sketches are held out.
ACCURACIES = {
    (0.1, "photo"): [0.6, 0.8],
    (0.2, "photo"): [0.5, 0.7],
    (0.1, "sketch"): [0.1, 0.3],
    (0.2, "sketch"): [0.8, 0.6],
}


def test_a_setting_is_chosen_per_held_out_domain_from_its_own_runs():
    config = search("per_target")
    means = grid_means(config, records(config, ACCURACIES)).set_index(["target", "learning_rate"])
    assert means["validation_accuracy"].to_dict() == {
        ("photo", 0.1): pytest.approx(0.7),
        ("sketch", 0.1): pytest.approx(0.2),
        ("photo", 0.2): pytest.approx(0.6),
        ("sketch", 0.2): pytest.approx(0.7),
    }
    assert (means["runs"] == 2).all()
    assert list(means.index[means["chosen"]]) == [("photo", 0.1), ("sketch", 0.2)]


def test_runs_of_other_held_out_domains_have_no_part_in_the_choice():
    config = search("per_target")
    other = {key: [0.9, 0.9] if key == (0.2, "sketch") else a for key, a in ACCURACIES.items()}
    photo = [
        means[means["target"] == "photo"].reset_index(drop=True)
        for means in (grid_means(config, records(config, a)) for a in (ACCURACIES, other))
    ]
    pd.testing.assert_frame_equal(*photo)


def test_one_setting_for_all_is_the_best_on_average():
    config = search("for_all")
    means = grid_means(config, records(config, ACCURACIES)).set_index("learning_rate")
    assert means["validation_accuracy"].to_dict() == {
        0.1: pytest.approx(0.45),
        0.2: pytest.approx(0.65),
    }
    assert list(means.index[means["chosen"]]) == [0.2]
    (method,) = chosen_config(config, means.reset_index()).methods
    assert (method.name, method.learning_rate, method.targets) == ("Deep-All", 0.2, {})


def test_what_was_chosen_is_trained_where_it_was_chosen_for():
    config = search("per_target")
    chosen = chosen_config(config, grid_means(config, records(config, ACCURACIES)))
    (method,) = chosen.methods
    rates = {t: chosen.optimizer_of(method, t).learning_rate for t in ("photo", "sketch")}
    assert rates == {"photo": 0.1, "sketch": 0.2}
    assert chosen.grid is None


def test_a_search_that_is_not_done_chooses_of_what_is_run_most():
    config = search("for_all")
    begun = {**ACCURACIES, (0.2, "sketch"): []}
    means = grid_means(config, records(config, begun))
    assert means.loc[means["chosen"], "learning_rate"].item() == 0.1


def test_means_over_other_runs_are_not_compared():
    """As many of each, but where photos are held out, which is easier, or sketches."""
    config = search("for_all")
    begun = {
        **{(0.1, "photo"): [0.5, 0.5], (0.1, "sketch"): []},
        **{(0.2, "photo"): [], (0.2, "sketch"): [0.9, 0.9]},
    }
    means = grid_means(config, records(config, begun))
    assert means.loc[means["chosen"], "learning_rate"].item() == 0.1


def test_a_methods_other_settings_are_its_own_where_a_domain_is_held_out():
    own = "methods=[{name: Deep-All, targets: {photo: {learning_rate: 0.5, weight_decay: 0.25}}}]"
    grid = "grid={learning_rate: [0.1, 0.2], choose: per_target}"
    (config,) = benchmark.read("configs/smoke.yaml", [own, grid]).configs
    tried = grid_settings(config)[0]
    rate = tried.config.optimizer_of(tried.methods["Deep-All"], "photo")
    assert (rate.learning_rate, rate.weight_decay) == (0.1, 0.25)
    chosen = chosen_config(config, grid_means(config, records(config, ACCURACIES)))
    (method,) = chosen.methods
    photo, sketch = (chosen.optimizer_of(method, target) for target in ("photo", "sketch"))
    assert (photo.learning_rate, photo.weight_decay) == (0.1, 0.25)
    assert (sketch.learning_rate, sketch.weight_decay) == (0.2, 5e-5)


def test_of_equals_the_smaller_rate_is_chosen():
    config = search("for_all")
    means = grid_means(config, records(config, {key: [0.5] for key in ACCURACIES}))
    assert means.loc[means["chosen"], "learning_rate"].item() == 0.1


def test_what_methods_share_is_chosen_for_the_experiment():
    grid = "grid={choose: for_all, train_from: [block9, block10], batch_size: [4, 8]}"
    (config,) = benchmark.read("configs/smoke.yaml", ["methods=[Deep-All]", grid]).configs
    accuracies = {("block9", 4): 0.5, ("block9", 8): 0.6, ("block10", 4): 0.9, ("block10", 8): 0.8}
    done = [
        record(
            setting.methods["Deep-All"].name,
            "photo",
            1,
            None,
            validation_accuracy=accuracies[tuple(setting.values.values())],
        )
        for setting in grid_settings(config)
    ]
    means = grid_means(config, done[::-1])
    # In the config's order, in which block9 comes before block10.
    assert list(means["train_from"]) == ["block9", "block9", "block10", "block10"]
    assert list(means["batch_size"]) == [4, 8, 4, 8]
    chosen = chosen_config(config, means)
    assert (chosen.backbone.train_from, chosen.training.batch_size) == ("block10", 4)
    assert chosen.data == config.data
    assert chosen.methods == config.methods
