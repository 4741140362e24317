"""Several experiments as one command."""

import weakref

import pytest

from dg_keras import benchmark
from dg_keras.benchmark.config.plan import Plan
from dg_keras.benchmark.experiment import Experiment
from dg_keras.benchmark.records.records import Records
from dg_keras.benchmark.report import figures
from dg_keras.benchmark.running import waiting
from dg_keras.benchmark.training.method_models import MethodModels
from dg_keras.benchmark.training.workbench import Workbench
from tests.benchmark.few_images import few_images
from tests.benchmark.made_records import config, record

FEW = ["trials=1", "targets=[photo]", "methods=[Deep-All]", "data.name=few"]


def study(results, *names, more=(), **arguments):
    """A study of smallest experiments of these names."""
    few = [*FEW, f"data.root={few_images()}", *more]
    configs = [config(f"name={name}", *few) for name in names]
    return benchmark.Study(Plan("all", tuple(configs)), results, **arguments)


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were drawn, by report."""
    found = []

    def kept(*arguments, of=figures.figures_of):
        found.append(of(*arguments))
        return found[-1]

    monkeypatch.setattr(figures, "figures_of", kept)
    return found


def done(self, run):
    """In place of reading the record: of a run that was done."""
    return record(run.method.name, run.target, run.trial, 0.5)


def test_each_experiments_report_is_tried_once(tmp_path, drawn):
    study(tmp_path, "one", "two").check()
    assert len(drawn) == 2


def test_no_report_is_tried_where_all_is_done(tmp_path, drawn, monkeypatch):
    monkeypatch.setattr(Records, "read", done)
    study(tmp_path, "one", "two").check()
    assert len(drawn) == 0


def test_a_report_on_experiments_of_which_one_is_done_is_tried(tmp_path, drawn, monkeypatch):
    two = study(tmp_path, "one", "two")
    monkeypatch.setattr(Records, "read", done)
    two.experiments[0] = study(tmp_path, "one").experiments[0]
    two.check()
    assert len(drawn) == 2


def test_each_figure_is_drawn_once_for_the_report_of_one_and_of_all(tmp_path, drawn, monkeypatch):
    monkeypatch.setattr(Records, "read", done)
    study(tmp_path, "one", "two").report()
    assert len(drawn) == 2
    for report in ("one/report", "two/report", "all/report/one", "all/report/two"):
        assert (tmp_path / report / "accuracy.png").exists()


@pytest.mark.slow
@pytest.mark.parametrize("keep_traced", [1, 2])
def test_no_more_models_are_kept_than_are_told(tmp_path, monkeypatch, keep_traced):
    benches, models, left = [], [], []
    make_bench, compile_model = Workbench.__init__, MethodModels._compile

    def living(references):
        return [reference() for reference in references if reference() is not None]

    def made(self, *arguments):
        left.append(("benches", len(living(benches))))
        benches.append(weakref.ref(self))
        make_bench(self, *arguments)

    def compiled(self, *arguments):
        left.append(("models", len(living(models))))
        model = compile_model(self, *arguments)
        models.append(weakref.ref(model))
        return model

    monkeypatch.setattr(Workbench, "__init__", made)
    monkeypatch.setattr(MethodModels, "_compile", compiled)
    more = ["methods=[Deep-All, Agr-Sum, Agr-Rand]", "training.steps=2", "trials=2"]
    study(tmp_path, "one", "two", more=more, keep_traced=keep_traced).run()
    number = [count for what, count in left if what == "models"]
    assert [count for what, count in left if what == "benches"] == [0, 0]
    # Before a model is made there is one less than are kept, whatever the trial and experiment.
    of_one = number[: len(number) // 2]
    assert number == 2 * of_one
    assert of_one == [*range(keep_traced), *[keep_traced - 1] * (len(of_one) - keep_traced)]
    assert len(of_one) == 6


def test_what_another_shard_made_last_is_in_the_report_of_all(tmp_path, monkeypatch):
    """It was made when this one had done its part of the experiment, and was at the next."""
    made, reported, again = [], [], []
    monkeypatch.setattr(Experiment, "report", lambda self: again.append(self.config.name))
    monkeypatch.setattr(Records, "read", lambda self, run: done(self, run) if made else None)
    monkeypatch.setattr(Experiment, "run", lambda self: made.append(self))
    monkeypatch.setattr(
        "dg_keras.benchmark.study.write_joint_report",
        lambda folder, name, parts: reported.extend(part.records for part in parts),
    )
    study(tmp_path, "one", "two", shard="1/2").run()
    assert [len(records) for records in reported] == [1, 1]
    assert again == ["one", "two"]


def test_a_run_that_another_shard_left_is_made_once_this_one_is_through(tmp_path, monkeypatch):
    """Its shard was alive when this one went on to the next experiment, and died there."""
    ran, finished = [], []

    def run(self):
        ran.append(self.config.name)
        if self.config.name == "two" or ran.count("one") == 2:
            finished.append(self.config.name)

    monkeypatch.setattr(
        Records,
        "read",
        lambda self, run: done(self, run) if self.folder.parent.name in finished else None,
    )
    monkeypatch.setattr(Experiment, "run", run)
    monkeypatch.setattr(Experiment, "report", lambda self: None)
    monkeypatch.setattr("dg_keras.benchmark.study.write_joint_report", lambda *arguments: None)
    monkeypatch.setattr(waiting, "BEAT", 0.01)
    study(tmp_path, "one", "two", shard="1/2").run()
    assert ran == ["one", "two", "one"]


def test_a_run_that_failed_here_and_was_made_by_another_shard_has_not_failed(tmp_path, monkeypatch):
    made = []

    def failed(self):
        made.append(self)
        self.failed = [run.key for run in self.runs]
        raise benchmark.FailedRunsError(self.failed, len(self.runs))

    monkeypatch.setattr(
        Records, "read", lambda self, run: done(self, run) if len(made) == 2 else None
    )
    monkeypatch.setattr(Experiment, "run", failed)
    monkeypatch.setattr(Experiment, "report", lambda self: None)
    study(tmp_path, "one", "two", shard="1/2").run()
    assert len(made) == 2


def test_a_report_that_cannot_be_written_costs_no_other_experiment(tmp_path, monkeypatch):
    run = []

    def first_fails(self):
        run.append(self.config.name)
        if self.config.name == "one":
            raise PermissionError(13, "Permission denied", str(self.folder / "report"))

    monkeypatch.setattr(Experiment, "run", first_fails)
    with pytest.raises(PermissionError):
        study(tmp_path, "one", "two").run()
    assert run == ["one", "two"]


def test_failed_runs_are_told_though_a_report_cannot_be_written(tmp_path, monkeypatch):
    def fails(self):
        self.failed = [run.key for run in self.runs]
        raise PermissionError(13, "Permission denied", str(self.folder / "report"))

    monkeypatch.setattr(Experiment, "run", fails)
    with pytest.raises(OSError, match=r"Permission denied.*\. 1 of 1 runs failed: "):
        study(tmp_path, "one").run()
