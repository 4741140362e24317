"""Runs in TensorBoard and MLflow: a run is a run there, with parameters, curves and figures."""

import importlib.util
import math

import mlflow
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import run_all
from dg_keras.benchmark.records.record import Conflicts, Similarity
from dg_keras.benchmark.records.records import Records
from dg_keras.benchmark.report.trackers import TrackingError, to_mlflow, to_tensorboard, track
from tests.benchmark.made_records import config, diverged, record

MADE_OF = config().of_run(config().methods[1], "sketch")


@pytest.fixture
def records(tmp_path):
    """Two runs of an experiment, one of which diverged, and a report with a figure."""
    (tmp_path / "report").mkdir()
    picture = tf.io.encode_png(tf.zeros([2, 2, 3], tf.uint8)).numpy()
    (tmp_path / "report" / "accuracy.png").write_bytes(picture)
    history = {"loss": [2.0, 1.0], "loss/Art & co": [3.0, 1.5], "val_accuracy": [0.25, 0.5]}
    whole = record(
        *("Agr-Sum", "sketch", 1, 0.75),
        history=history,
        config=MADE_OF,
        similarity=Similarity(steps=[0, 4], within=[0.5, 0.4], between=[0.3, 0.2]),
        conflicts=Conflicts(steps=[0], shares={"head/kernel": [0.7]}),
    )
    return {"agr-sum--sketch--trial1": whole, "irm--sketch--trial1": diverged("IRM", "sketch", 1)}


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """An empty database of MLflow's; it takes six seconds to make one."""
    path = tmp_path_factory.mktemp("mlflow") / "runs.sqlite"
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{path}")
    yield path.parent
    mlflow.set_tracking_uri(before)


@pytest.fixture
def experiment(database, request):
    """The name of an experiment whose artifacts stay in the test's folder."""
    name = request.node.name
    mlflow.MlflowClient().create_experiment(name, (database / name).as_uri())
    return name


def in_mlflow(experiment):
    """MLflow's runs of an experiment, by name."""
    client = mlflow.MlflowClient()
    number = client.get_experiment_by_name(experiment).experiment_id
    runs = client.search_runs([number])
    assert all(run.info.status == "FINISHED" for run in runs)
    return {run.info.run_name: run for run in runs}


@pytest.mark.filterwarnings("ignore")  # of its own
class TestMlflow:
    def test_a_run_is_a_run(self, experiment, tmp_path, records):
        told = track("mlflow", experiment, tmp_path, records)
        assert told.startswith(f"MLflow's experiment {experiment!r} has it, at sqlite:")
        runs = in_mlflow(experiment)
        assert set(runs) == {
            *("Agr-Sum, sketch held out, trial 1", "IRM, sketch held out, trial 1", "report")
        }
        run = runs["Agr-Sum, sketch held out, trial 1"]
        assert run.data.params["training/optimizer/name"] == "adamw"
        assert run.data.params["method/strategy"] == "agr_sum"
        assert run.data.params["run/held_out"] == "sketch"
        assert run.data.params["run/seed"] == "1"
        assert run.data.metrics["result/accuracy"] == 0.75
        assert run.data.metrics["loss/all"] == 1.0
        curve = mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss/Art _ co")
        assert [(point.step, point.value) for point in curve] == [(2, 3.0), (4, 1.5)]
        assert runs["IRM, sketch held out, trial 1"].data.metrics["result/diverged_at"] == 3
        files = mlflow.MlflowClient().list_artifacts(runs["report"].info.run_id)
        assert [file.path for file in files] == ["accuracy.png"]

    def test_what_is_there_is_not_made_again(self, experiment, tmp_path, records, monkeypatch):
        track("mlflow", experiment, tmp_path, records)
        before = {name: run.info.run_id for name, run in in_mlflow(experiment).items()}
        records["new"] = record("PCGrad", "sketch", 1, 0.5)
        # Broken off in a run: that one alone is made anew.
        set_terminated = mlflow.MlflowClient.set_terminated
        monkeypatch.setattr(mlflow.MlflowClient, "set_terminated", lambda *_: 1 / 0)
        with pytest.raises(TrackingError, match="could not be handed to mlflow"):
            track("mlflow", experiment, tmp_path, records)
        monkeypatch.setattr(mlflow.MlflowClient, "set_terminated", set_terminated)
        track("mlflow", experiment, tmp_path, records)
        after = {name: run.info.run_id for name, run in in_mlflow(experiment).items()}
        assert len(after) == len(before) + 1
        assert before.items() <= after.items()

    def test_each_folder_has_a_report_of_its_own(self, experiment, tmp_path, records):
        other = tmp_path / "other"
        (other / "report").mkdir(parents=True)
        picture = (tmp_path / "report" / "accuracy.png").read_bytes()
        (other / "report" / "gains.png").write_bytes(picture)
        for folder in (tmp_path, other, other):
            track("mlflow", experiment, folder, records)
        client = mlflow.MlflowClient()
        runs = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
        reports = [run for run in runs if run.info.run_name == "report"]
        files = [client.list_artifacts(run.info.run_id) for run in reports]
        assert sorted(file.path for (file,) in files) == ["accuracy.png", "gains.png"]
        assert len(runs) == len(records) + len(reports)

    def test_a_store_of_files_takes_it_too(self, tmp_path, records, monkeypatch):
        monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        before = mlflow.get_tracking_uri()
        mlflow.set_tracking_uri((tmp_path / "files").as_uri())
        try:
            track("mlflow", "smoke", tmp_path, records)
            run = in_mlflow("smoke")["Agr-Sum, sketch held out, trial 1"]
        finally:
            mlflow.set_tracking_uri(before)
        assert run.data.params["run/method"] == "Agr-Sum"
        assert run.data.metrics["loss/Art _ co"] == 1.5

    def test_what_it_does_not_take_is_one_sentence(
        self, experiment, tmp_path, records, monkeypatch
    ):
        monkeypatch.setattr(to_mlflow, "_create", lambda *_: 1 / 0)
        with pytest.raises(TrackingError) as told:
            track("mlflow", experiment, tmp_path, records)
        assert str(told.value) == (
            f"{experiment} could not be handed to mlflow (ZeroDivisionError: division by zero). "
            "What was run and reported is on the disk: the same command with --report-only hands "
            "it over"
        )


def events(folder):
    found = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    found.Reload()
    return found


def curve(folder, tag):
    found = events(folder).Tensors(tag)
    return [(event.step, float(tf.make_ndarray(event.tensor_proto))) for event in found]


class TestTensorBoard:
    def test_a_run_is_a_run(self, tmp_path, records):
        told = track("tensorboard", "smoke", tmp_path, records)
        assert told.startswith("`tensorboard --logdir ")
        board = tmp_path / "tensorboard"
        run = board / "agr-sum--sketch--trial1"
        assert curve(run, "loss/Art & co") == [(2, 3.0), (4, 1.5)]
        assert curve(run, "similarity/within") == [(0, 0.5), (4, pytest.approx(0.4))]
        assert curve(run, "conflict/head/kernel") == [(0, pytest.approx(0.7))]
        assert curve(run, "result/accuracy") == [(0, 0.75)]
        assert "_hparams_/session_start_info" in events(run).PluginTagToContent("hparams")
        assert curve(board / "irm--sketch--trial1", "result/diverged_at") == [(0, 3.0)]
        assert events(board / "report").Tags()["tensors"] == ["accuracy"]

    def test_what_is_there_is_not_made_again_but_what_was_not_whole_is(
        self, tmp_path, records, monkeypatch
    ):
        track("tensorboard", "smoke", tmp_path, records)
        written = []
        write = to_tensorboard._write_run
        monkeypatch.setattr(
            to_tensorboard, "_write_run", lambda *given: (written.append(given[1]), write(*given))
        )
        track("tensorboard", "smoke", tmp_path, records)
        assert written == []
        (tmp_path / "tensorboard" / "irm--sketch--trial1" / "written_of").unlink()
        records["agr-sum--sketch--trial1"] = record("Agr-Sum", "sketch", 1, 0.5)
        track("tensorboard", "smoke", tmp_path, records)
        assert [run.name for run in written] == [
            *("Agr-Sum, sketch held out, trial 1", "IRM, sketch held out, trial 1")
        ]
        assert curve(tmp_path / "tensorboard" / "agr-sum--sketch--trial1", "result/accuracy") == [
            (0, 0.5)
        ]


def command(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["run_all.py", "configs/smoke.yaml", *arguments])
    return run_all.main()


@pytest.mark.parametrize(
    ("tracker", "sentence"),
    [
        ("wandb", "`track` must be tensorboard or mlflow. Received: track='wandb'"),
        (
            "mlflow",
            "`track` needs mlflow: `pip install dg_keras[mlflow]`. Received: track='mlflow', and "
            "no mlflow",
        ),
    ],
)
def test_what_there_is_not_is_told_before_the_work(
    tmp_path, monkeypatch, capsys, tracker, sentence
):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert command(monkeypatch, "--track", tracker, "--results", str(tmp_path)) == 2
    assert capsys.readouterr().err == f"run_all.py: {sentence}\n"


def test_the_command_hands_over_what_was_run(tmp_path, monkeypatch, capsys):
    def done(self, run):
        return record(run.method.name, run.target, run.trial, 0.5, history={"loss": [1.0, math.pi]})

    monkeypatch.setattr(Records, "read", done)
    arguments = ["--results", str(tmp_path), "--report-only", "--track", "tensorboard"]
    assert command(monkeypatch, *arguments) == 0
    assert "`tensorboard --logdir " in capsys.readouterr().out
    board = tmp_path / "smoke" / "tensorboard"
    assert len(list(board.iterdir())) == 4 * 2 * 2 + 1
    assert curve(board / "agr-rand--photo--trial2", "loss")[1] == (4, pytest.approx(math.pi))
