"""What all tests share."""

import collections
import os
import zlib

import pytest

# Read by TensorFlow at import: its start-up notices are not warnings of ours.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LONGEST = [
    *("step/test_replicas.py", "test_model.py", "benchmark/running/test_ray.py"),
    *("step/test_machines.py", "benchmark/training/test_run_state.py"),
    *("benchmark/test_run_all.py", "strategies/test_strategies.py"),
]
"""Files that take a minute or two each; those with processes of their own beside one without."""

FAST = (
    *("analysis/test_confidence_band", "analysis/test_gradient_similarity", "analysis/test_holm"),
    *("analysis/test_paired_test", "analysis/test_rank_biserial", "backbones/test_get"),
    *("bad_inputs/", "benchmark/config/", "benchmark/report/test_grid_means"),
    *("benchmark/records/test_records", "benchmark/report/test_figures"),
    *("benchmark/report/test_gain", "benchmark/report/test_summary"),
    *("benchmark/report/test_tables", "common/", "data/tables/"),
    *("data/feeding/test_domain", "test_rooms", "objectives/test_get"),
    *("strategies/test_randomness", "strategies/test_share"),
    "test_model.py::TestMeanIsPlainKeras::test_as_it_is",
)
"""What `pytest -m fast` runs: something of most rooms, in a minute or so."""

_ROW = "bad_inputs/test_bad_inputs.py::test_is_told_in_one_sentence["

NOT_FAST = (
    *(f"{_ROW}weights", f"{_ROW}a page", f"{_ROW}a layer that", f"{_ROW}a learning rate of"),
    *("benchmark/config/test_any_config", "common/test_forgotten_gradients"),
    *("common/test_quantile", "data/tables/test_any_content", "data/tables/test_layouts"),
)
"""What of these rooms takes half of the time."""

ONE_IN = {
    "analysis/test_gradient_gram.py": {
        "test_a_mask_on_the_output_counts": 3,
        "test_inputs_are_told_by_name_or_in_the_network_s_order": 4,
        "test_is_that_of_any_form_that_compile_takes": 2,
        "test_is_that_of_a_loop": 6,
        "test_of_a_softmax_head": 3,
    },
    "backbones/test_any_checkpoint.py": {
        "test_any_file": 3,
    },
    "backbones/test_from_applications.py": {
        "test_is_the_application_behind_its_own_preprocessing": 3,
    },
    "benchmark/estimate/test_stopwatch.py": {
        "test_an_evaluation_is_divided_by_the_images_that_are_in_it": 2,
    },
    "benchmark/test_diverged.py": {
        "test_a_last_update_that_spoils_the_scores_alone_leaves_no_result": 2,
    },
    "benchmark/training/test_averaged_state.py": {
        "test_it_is_the_mean_of_the_steps_in_the_valley": 4,
    },
    "benchmark/report/test_names_in_reports.py": {
        "test_it_is_text_on_the_page": 3,
    },
    "benchmark/training/test_first_weights.py": {
        "test_they_are_those_of_a_network_that_is_built": 3,
    },
    "benchmark/training/test_frozen_features.py": {
        "test_other_weights_or_another_front_or_size_has_a_file_of_its_own": 3,
    },
    "benchmark/training/test_run_state.py": {
        "test_a_file_that_is_damaged_is_started_anew_from_and_told": 3,
    },
    "callbacks/test_gradient_agreement.py": {
        "TestReuse::test_a_run_is_measured_the_same_whatever_was_measured_before": 2,
    },
    "callbacks/test_shared_backup.py": {
        "test_a_fit_after_one_that_went_on_has_all_its_epochs": 2,
        "test_training_ends_as_if_undisturbed": 6,
    },
    "callbacks/test_source_selection.py": {
        "test_a_backup_of_what_was_compared_otherwise_is_told": 3,
        "test_a_backup_that_is_none_is_told": 2,
        "test_training_with_layers_that_draw_does_not_notice": 2,
        "test_the_best_weights_are_those_by_hand": 3,
    },
    "callbacks/test_under_xla.py": {
        "test_they_say_and_do_what_they_do_eagerly": 2,
    },
    "callbacks/test_weight_averaging.py": {
        "test_a_backup_that_is_damaged_or_of_another_network_is_told": 2,
        "test_training_that_is_started_again_goes_on_from_the_backup": 2,
    },
    "common/test_forgotten_gradients.py": {
        "test_models_of_one_network_leave_nothing_behind": 2,
    },
    "common/test_loss_of.py": {
        "test_it_is_that_of_keras": 4,
    },
    "common/test_quantile.py": {
        "test_it_is_that_of_numpy": 12,
    },
    "data/feeding/test_interleave.py": {
        "test_orders_are_uniform": 4,
        "test_the_batch_of_a_step_is_a_function_of_seed_and_step": 3,
    },
    "data/feeding/test_memory.py": {
        "test_images_are_freed": 2,
    },
    "fitting/test_as_keras.py": {
        "TestOptimizers::test_of_any_rate_start_anew": 3,
        "test_a_state_that_is_put_back_goes_on_as_the_model_that_it_is_of": 2,
        "test_numbers_may_be_checked_by_tensorflow": 3,
    },
    "never_silent/test_inputs.py": {
        "TestBinaryLabels::test_may_be_shares": 2,
        "TestSizesThatAreNotKnown::test_train": 3,
    },
    "never_silent/test_life.py": {
        "test_a_model_that_nobody_holds_is_freed": 2,
    },
    "never_silent/test_losses.py": {
        "TestPadding::test_the_mean_is_plain_keras": 3,
    },
    "never_silent/test_net.py": {
        "TestASaturatedHead::test_trains_as_in_plain_keras": 4,
        "TestOutputsWithNames::test_as_in_plain_keras": 3,
    },
    "never_silent/test_strategies.py": {
        "TestASubclassThatMergesOtherwise::test_in_the_end_alone": 3,
    },
    "objectives/test_feature_objectives.py": {
        "test_fishr_takes_features_that_are_flattened_for_the_last_layer": 3,
        "test_the_update_is_that_of_the_losses_and_the_penalty": 3,
    },
    "objectives/test_objectives.py": {
        "TestEveryPair::test_a_compiled_step_is_the_eager_step": 6,
        "TestEveryPair::test_a_reloaded_model_goes_on_as_one_never_saved": 6,
        "TestEveryPair::test_one_pass_is_as_many_as_domains": 2,
        "TestEveryPair::test_trains_through_fit": 8,
    },
    "step/test_compiled_once.py": {
        "test_a_step_is_compiled_once": 3,
    },
    "step/test_nonfinite.py": {
        "TestEagerly::test_raise_leaves_the_model_as_it_was_before": 4,
        "TestEagerly::test_skip_leaves_the_step_out": 4,
        "TestWhatIsTold::test_of_a_gradient_where_domains_are_taken_in_one_pass": 5,
    },
    "step/test_nonfinite_compiled.py": {
        "test_a_compiled_step_is_not_taken": 9,
        "test_it_is_told_when_it_is_looked_at_and_nothing_is_taken_meanwhile": 2,
    },
    "step/test_pays_to_compile.py": {
        "test_what_is_not_known_to_pay_is_left_to_keras": 2,
    },
    "step/test_stateful.py": {
        "test_a_scale_of_the_loss_that_is_too_large_is_not_remembered": 2,
        "test_it_is_given_what_it_returned": 2,
    },
    "strategies/test_any_gradients.py": {
        "test_finite_in_finite_out": 3,
        "test_the_order_of_the_domains_is_no_matter": 2,
        "test_what_is_not_finite_is_seen": 2,
        "test_what_is_scaled_comes_out_scaled": 4,
    },
    "strategies/test_gram_matrix.py": {
        "test_are_those_of_numpy": 4,
    },
    "strategies/test_of_others.py": {
        "TestGradVac::test_opposite_gradients_have_no_direction_that_is_remembered": 2,
        "TestOptimal::test_fair_weights_solve_their_equation": 3,
        "test_every_strategy_trains_in_half_precision": 6,
    },
    "strategies/test_strategies.py": {
        "test_graph_xla_and_eager_agree": 5,
        "test_is_positively_homogeneous": 5,
        "test_order_of_domains_does_not_matter": 5,
        "test_passes_on_what_is_not_finite": 8,
        "test_pcgrad_is_algorithm_1_of_any_magnitudes": 10,
    },
    "strategies/test_totals.py": {
        "test_are_the_sums": 4,
    },
    "test_model.py": {
        "TestFitWithDomains::test_a_step_is_traced_once": 2,
        "TestInTurn::test_is_the_same_step": 2,
        "TestMeanIsPlainKeras::test_with_regularizers_and_sample_weight": 2,
        "TestMixedPrecision::test_overflow_in_one_domain_skips_the_step_and_halves_the_scale": 6,
        "TestMixedPrecision::test_trains": 3,
        "TestSaving::test_a_reloaded_model_goes_on_as_one_never_saved": 3,
        "TestStep::test_a_compiled_step_is_the_eager_step": 4,
        "TestStep::test_a_compiled_update_is_the_eager_one": 4,
    },
}
"""Tests of many cases that take long together: one case in so many is run by default, the others
with `-m slow`.
"""


@pytest.fixture(autouse=True, scope="session")
def _without_tuner():
    """Turns off the tuner of what Keras is given, too; see `dg_keras.data.without_tuner`.

    Else what is left of hundreds of models, freed at once, is waited for up to a minute each time.
    """
    import tensorflow as tf
    from keras.src.trainers import data_adapters

    from dg_keras.data import without_tuner

    def untuned(get):
        def got(self):
            dataset = get(self)
            return without_tuner(dataset) if isinstance(dataset, tf.data.Dataset) else dataset

        return got

    adapters = (
        *(data_adapters.ArrayDataAdapter, data_adapters.TFDatasetAdapter),
        *(data_adapters.GeneratorDataAdapter, data_adapters.PyDatasetAdapter),
    )
    with pytest.MonkeyPatch.context() as patch:
        for adapter in adapters:
            patch.setattr(adapter, "get_tf_dataset", untuned(adapter.get_tf_dataset))
        yield


def pytest_collection_modifyitems(items):
    """The longest files first, so that no worker is left with one at the end."""
    thin_out(items)
    places = {f"tests/{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONGEST)))
    for item in items:
        name = item.nodeid.removeprefix("tests/")
        if name.startswith(FAST) and not name.startswith(NOT_FAST):
            item.add_marker(pytest.mark.fast)


def thin_out(items):
    """Marks as slow what `ONE_IN` leaves out."""
    families = collections.defaultdict(list)
    for item in items:
        family = item.nodeid.removeprefix("tests/").partition("[")[0]
        file, _, name = family.partition("::")
        if name in ONE_IN.get(file, {}) and not item.get_closest_marker("slow"):
            families[file, name].append(item)
    for (file, name), of_family in families.items():
        number = -(-len(of_family) // ONE_IN[file][name])
        kept = spread_out([item.nodeid for item in of_family], number)
        for item in of_family:
            if item.nodeid not in kept:
                item.add_marker(pytest.mark.slow)


def spread_out(names, number):
    """So many names of cases, in which each value of each parameter is about as often as others.

    Every n-th would be of the same few values, where n divides their number. Of cases that do
    alike, the names' sums decide, so that other families keep others.
    """
    left = {name: list(enumerate(name.partition("[")[2].rstrip("]").split("-"))) for name in names}
    taken = set()
    seen: collections.Counter[tuple[int, str]] = collections.Counter()
    while len(taken) < min(number, len(names)):
        name = min(
            left, key=lambda n: (sum(seen[value] for value in left[n]), zlib.adler32(n.encode()))
        )
        seen.update(left.pop(name))
        taken.add(name)
    return taken
