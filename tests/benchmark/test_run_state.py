"""A run that is broken off goes on, and ends bit for bit where it would have ended."""

import numpy as np
import pytest

from dg_keras import benchmark
from dg_keras.benchmark.load_images import load_images
from dg_keras.benchmark.run_state import RunState
from dg_keras.benchmark.runner import Runner
from dg_keras.benchmark.runs_of import runs_of
from tests.benchmark.few_images import few_images

METHODS = [
    "Deep-All",
    "{name: Agr-Rand, strategy: agr_rand, batches: one_domain}",
    "{name: IRM, objective: {class_name: irm, config: {anneal_steps: 3}}, strategy: pcgrad}",
    "DRO",
    "MLDG",
    "Mixup",
]
ALONG = "along_training={accuracy: true, gradients: true, samples: 4}"


def made(*overrides):
    """A runner, and its runs with photo held out."""
    few = [f"data.name={few_images()}", "trials=1", "backbone.arguments={dropout: 0.3}"]
    short = ["training.steps=4", "training.evaluate_every=1"]
    methods = f"methods=[{', '.join(METHODS)}]"
    plan = benchmark.read("configs/smoke.yaml", [*few, *short, methods, *overrides])
    (config,) = plan.configs
    return Runner(config, load_images(config, None)), runs_of(config, ["photo"])


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


@pytest.mark.parametrize(("evaluation", "along"), [(1, ALONG), (2, "trials=1"), (4, ALONG)])
def test_it_ends_where_the_undisturbed_one_ends(tmp_path, broken_off, evaluation, along):
    runner, runs = made(along)
    undisturbed = [came_to(runner.run(run)) for run in runs]
    weights = [variable.numpy() for variable in runner._net.variables]
    for run in runs:
        broken_off(evaluation)
        with pytest.raises(KeyboardInterrupt):
            runner.run(run, tmp_path / f"{run.key}.npz")
    other, _ = made(along)  # as in another process
    again = [came_to(other.run(run, tmp_path / f"{run.key}.npz")) for run in runs]
    assert again == undisturbed
    for ours, theirs in zip(other._net.variables, weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs)


def test_no_more_than_one_checkpoint_is_lost(tmp_path, broken_off, monkeypatch):
    runner, (run, *_) = made("training.checkpoint_every=2")
    path = tmp_path / "run.npz"
    broken_off(3)
    with pytest.raises(KeyboardInterrupt):
        runner.run(run, path)
    with np.load(path) as file:
        assert file["evaluations"] == 2
    begun = []
    taken_down = RunState.on_epoch_end
    monkeypatch.setattr(
        RunState,
        "on_epoch_end",
        lambda state, epoch, logs: (begun.append(epoch), taken_down(state, epoch, logs)),
    )
    runner.run(run, path)
    assert begun == [2, 3]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", None])
def test_a_file_that_is_damaged_is_started_anew_from_and_told(
    tmp_path, broken_off, caplog, content
):
    runner, (run, *_) = made()
    path = tmp_path / "run.npz"
    undisturbed = came_to(runner.run(run))
    broken_off(2)
    with pytest.raises(KeyboardInterrupt):
        runner.run(run, path)
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole if content is None else content)
    assert came_to(runner.run(run, path)) == undisturbed
    assert f"{path} is damaged" in caplog.text


def test_a_file_of_another_run_is_started_anew_from_and_told(tmp_path, broken_off, caplog):
    runner, runs = made()
    path = tmp_path / "run.npz"
    undisturbed = came_to(runner.run(runs[1]))
    broken_off(2)
    with pytest.raises(KeyboardInterrupt):
        runner.run(runs[0], path)
    assert came_to(runner.run(runs[1], path)) == undisturbed
    assert f"{path} is of another run" in caplog.text
