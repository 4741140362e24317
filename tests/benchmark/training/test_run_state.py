"""A run that is broken off goes on, and ends bit for bit where it would have ended."""

import numpy as np
import pytest

from dg_keras import benchmark
from dg_keras.benchmark.config.runs_of import runs_of
from dg_keras.benchmark.training import run_state
from dg_keras.benchmark.training.frozen_features import KeptFeatures
from dg_keras.benchmark.training.load_images import load_images
from dg_keras.benchmark.training.run_state import RunState
from dg_keras.benchmark.training.runner import Runner
from dg_keras.benchmark.training.workbench import Workbench
from tests.benchmark.few_images import few_images
from tests.benchmark.small_net import SMALL

pytestmark = pytest.mark.usefixtures("small_net")

METHODS = [
    "Deep-All",
    "{name: Agr-Rand, strategy: agr_rand, batches: one_domain}",
    "{name: IRM, objective: {class_name: irm, config: {anneal_steps: 3}}, strategy: pcgrad}",
    "{name: DRO, objective: group_dro, strategy: grad_vac}",
    "{name: Averaged, strategy: agr_sum, selection: average}",
]
ALONG = "along_training={accuracy: true, gradients: true, samples: 4}"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Makes a runner, and its runs with photo held out, anew."""
    features = KeptFeatures(tmp_path_factory.mktemp("features"))

    def make(*overrides):
        few = [f"data.name={few_images()}", "trials=1", *SMALL]
        short = ["training.steps=4", "training.evaluate_every=1", "training.checkpoint_every=1"]
        methods = f"methods=[{', '.join(METHODS)}]"
        plan = benchmark.read("configs/smoke.yaml", [*few, *short, methods, *overrides])
        (config,) = plan.configs
        bench = Workbench(config, load_images(config, None), features)
        return Runner(bench), runs_of(config, ["photo"])

    return make


@pytest.fixture(scope="module")
def plain(made):
    """A runner that records nothing along training, two of its runs, and what they come to."""
    runner, runs = made()
    return runner, runs[:2], [came_to(runner.run(run)) for run in runs[:2]]


def came_to(record):
    return record.model_dump(exclude={"seconds"})


@pytest.fixture
def broken_off(monkeypatch):
    """Lets a run end in an exception after this evaluation, as if its process had."""

    def at(evaluation):
        def on_epoch_end(state, epoch, logs=None):
            taken_down(state, epoch, logs)
            if epoch + 1 == evaluation:
                monkeypatch.undo()
                raise KeyboardInterrupt

        taken_down = RunState.on_epoch_end
        monkeypatch.setattr(RunState, "on_epoch_end", on_epoch_end)

    return at


@pytest.fixture(scope="module")
def two_runners(made):
    """The second as in another process, and the runs of both."""
    (one, runs), (other, _) = made(ALONG), made(ALONG)
    return one, other, runs


@pytest.mark.parametrize(
    "number",  # of the method; Deep-All is broken off below
    [1, *(pytest.param(number, marks=pytest.mark.slow) for number in (2, 3, 4))],
)
def test_it_ends_where_the_undisturbed_one_ends(tmp_path, broken_off, two_runners, number):
    """Broken off after the first, the second and the last evaluation."""
    one, other, runs = two_runners
    run = runs[number]
    undisturbed = came_to(one.run(run))
    weights = [variable.numpy() for variable in one.bench.net.variables]
    path = tmp_path / f"{run.key}.npz"
    for evaluation, runner in ((1, one), (2, other), (4, one)):
        broken_off(evaluation)
        with pytest.raises(KeyboardInterrupt):
            runner.run(run, path)
        with np.load(path) as file:
            assert file["evaluations"] == evaluation
    assert came_to(other.run(run, path)) == undisturbed
    for ours, theirs in zip(other.bench.net.variables, weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs)


def test_no_more_than_one_checkpoint_is_lost(tmp_path, broken_off, monkeypatch, made):
    runner, (run, *_) = made("training.checkpoint_every=2", "methods=[Deep-All]")
    path = tmp_path / "run.npz"
    undisturbed = came_to(runner.run(run))
    broken_off(3)
    with pytest.raises(KeyboardInterrupt):
        runner.run(run, path)
    with np.load(path) as file:
        assert file["evaluations"] == 2
        seconds = float(file["seconds"])
    begun = []
    taken_down = RunState.on_epoch_end
    monkeypatch.setattr(
        RunState,
        "on_epoch_end",
        lambda state, epoch, logs: (begun.append(epoch), taken_down(state, epoch, logs)),
    )
    record = runner.run(run, path)
    assert came_to(record) == undisturbed
    assert begun == [2, 3]
    # What was trained before counts as this run's.
    assert record.seconds.train > seconds > 0


@pytest.mark.parametrize(
    ("apart", "took", "at"), [(25, 3, [1, 4, 7]), (4, 0.1, [3, 6]), (0.5, 0.1, [])]
)
def test_writing_takes_no_more_than_its_share_of_the_time(tmp_path, monkeypatch, apart, took, at):
    """Nor is it done more often than every 10 s, unless it is told when to."""
    clock, written = [1000.0], []
    monkeypatch.setattr(run_state.time, "perf_counter", lambda: clock[0])

    def write(state, path):
        written.append(state.evaluations)
        clock[0] += took

    monkeypatch.setattr(RunState, "_write", write)
    state = RunState(tmp_path / "run.npz", {}, None, {})
    state.on_train_begin()
    for epoch in range(8):
        clock[0] += apart
        state.on_epoch_end(epoch, {"loss": 1.0})
    assert written == at


@pytest.fixture
def broken(tmp_path, broken_off, plain):
    """The file of the first run, broken off after its second evaluation."""
    runner, (run, _), _ = plain
    path = tmp_path / "run.npz"
    broken_off(2)
    with pytest.raises(KeyboardInterrupt):
        runner.run(run, path)
    return path


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", None])
def test_a_file_that_is_damaged_is_started_anew_from_and_told(broken, plain, caplog, content):
    runner, (run, _), (undisturbed, _) = plain
    whole = bytearray(broken.read_bytes())
    whole[len(whole) // 2] ^= 1
    broken.write_bytes(whole if content is None else content)
    assert came_to(runner.run(run, broken)) == undisturbed
    assert f"{broken} is damaged" in caplog.text


def test_a_file_of_another_run_is_started_anew_from_and_told(broken, plain, caplog):
    runner, (_, other), (_, undisturbed) = plain
    assert came_to(runner.run(other, broken)) == undisturbed
    assert f"{broken} was made otherwise" in caplog.text
