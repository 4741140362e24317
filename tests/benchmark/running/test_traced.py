"""Each worker is given more of what it has traced."""

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
            run = waiting.next(partial(traced.rank, worker))
            if run is None:
                return found
            traced.note(worker, run)
            found[worker].append(run)


def smoke_runs():
    (config,) = benchmark.read("configs/smoke.yaml", [f"data.name={few_images()}"]).configs
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


def test_with_more_workers_than_methods_some_share_one(tmp_path):
    found = given(tmp_path, range(5), smoke_runs())
    assert all(found.values())


def test_a_worker_stays_with_its_network():
    (run, *_), (other, *_) = smoke_runs(), smoke_runs()  # each of a config of its own
    traced = Traced()
    traced.note("one", run)
    assert traced.rank("one", run) < traced.rank("one", other)
    traced.forget("one")
    assert traced.rank("one", run) == traced.rank("one", other)
