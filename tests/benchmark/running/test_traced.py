"""Each worker is given more of what it has traced."""

import itertools
from functools import partial

from dg_keras import benchmark
from dg_keras.benchmark.config.runs_of import runs_of
from dg_keras.benchmark.records.records import Records
from dg_keras.benchmark.running.traced import Traced
from dg_keras.benchmark.running.waiting import Waiting
from tests.benchmark.few_images import few_images


def given(folder, workers, runs):
    """The runs that workers are given, where each ends in its turn."""
    traced, waiting = Traced(), Waiting(runs, Records(folder, None))
    found = {worker: [] for worker in workers}
    while True:
        for worker in workers:
            run = waiting.next(partial(traced.choice, worker))
            if run is None:
                return found
            traced.note(worker, run)
            found[worker].append(run)


def smoke_runs(*overrides):
    given = [f"data.name={few_images()}", *overrides]
    (config,) = benchmark.read("configs/smoke.yaml", given).configs
    return runs_of(config, ["photo", "sketch"])


def test_two_workers_trace_each_method_once_and_keep_the_trials_order(tmp_path):
    runs = smoke_runs()
    found = given(tmp_path, ["one", "two"], runs)
    methods = [{run.method.name for run in of_worker} for of_worker in found.values()]
    assert sorted(map(len, methods)) == [2, 2]
    assert not methods[0] & methods[1]
    assert sorted(run.key for of in found.values() for run in of) == sorted(r.key for r in runs)
    for of_worker in found.values():
        assert [run.trial for run in of_worker] == [1] * 4 + [2] * 4


def test_in_a_grid_too_each_worker_is_given_in_each_trial_what_it_has_traced(tmp_path):
    rates = "grid={learning_rate: [1e-3, 1e-4, 1e-5], weight_decay: [0]}"
    runs = [run for run in smoke_runs(rates, "methods=[Deep-All]") if run.target == "photo"]
    found = given(tmp_path, ["one", "two"], runs)
    # The second trial, of three runs as the first, begins with the other worker.
    of_one, of_two = ([run.method.learning_rate for run in of] for of in found.values())
    assert (of_one, of_two) == ([1e-3, 1e-5, 1e-3], [1e-4, 1e-4, 1e-5])


def test_in_a_grid_of_networks_a_worker_changes_its_own_no_more_than_it_must(tmp_path):
    sizes = "grid={image_size: [32, 40], learning_rate: [1e-3, 1e-4], choose: for_all}"
    runs = smoke_runs(sizes, "methods=[Deep-All]", "trials=3")
    found = given(tmp_path, ["one", "two"], runs)
    for of_worker in found.values():
        sizes = [run.config.data.image_size for run in of_worker]
        # 32, 40 in the first trial, 40, 32 in the second, and 32, 40 again.
        assert len(list(itertools.groupby(sizes))) == 4, sizes


def test_with_more_workers_than_methods_some_share_one(tmp_path):
    found = given(tmp_path, range(5), smoke_runs())
    assert all(found.values())


def test_a_worker_stays_with_its_network():
    (run, *_), (other, *_) = smoke_runs(), smoke_runs()  # each of a config of its own
    traced = Traced()
    traced.note("one", run)
    assert traced.choice("one", [other, run], []) is run
    traced.forget("one")
    assert traced.choice("one", [other, run], []) is other


def test_a_worker_whose_methods_are_quicker_goes_on_to_the_next_trial(tmp_path):
    """Rather than trace what the other has; and no further than that trial."""
    runs = [run for run in smoke_runs("trials=3") if run.target == "photo"]
    traced, waiting = Traced(), Waiting(runs, Records(tmp_path, None))
    found = {"slow": [], "quick": []}
    for worker in ["slow", "quick", "slow", *["quick"] * 6]:
        run = waiting.next(partial(traced.choice, worker))
        traced.note(worker, run)
        found[worker].append((run.trial, run.method.name))
    methods = [method.name for method in runs[0].config.methods]
    assert found["slow"] == [(1, methods[0]), (1, methods[2])]
    assert found["quick"][:4] == [
        (1, methods[1]),
        (1, methods[3]),
        (2, methods[1]),
        (2, methods[3]),
    ]
    # With trial 1 given out, those of trial 2 that the other has traced are behind trial 3's.
    assert found["quick"][4:] == [(3, methods[1]), (3, methods[3]), (2, methods[0])]
