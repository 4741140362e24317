"""Records as runs would have left them, for what is made of records."""

from dg_keras.benchmark.config.read import read
from dg_keras.benchmark.records.record import Divergence, Record, Result, Seconds
from dg_keras.benchmark.training.weights_digest import weights_digest

TARGETS = ("photo", "sketch")


def config(*overrides, path="configs/smoke.yaml"):
    """One of the configs that ship."""
    return read(path, overrides).configs[0]


def record(method, target, trial, accuracy, **more):
    """A record; `accuracy` is that on the held-out domain, None where nothing was tested."""
    result = Result(validation_accuracy=more.pop("validation_accuracy", 0.5), accuracy=accuracy)
    fields = {
        "method": method,
        "target": target,
        "trial": trial,
        "seed": 1,
        "config": {},
        "split": None,
        "weights": None,
        "skipped_images": 0,
        "result": result,
        "selected_step": 2,
        "history_steps": [2, 4],
        "history": {},
        "seconds": Seconds(prepare=1.0, train=58.0, test=1.0),
        "versions": {"keras": "3"},
    }
    return Record(**{**fields, **more})


def write_records(experiment, runs):
    """Records of an experiment's runs in its folder, as if they had been made."""
    for run in runs:
        made_of = {
            "config": run.config.of_run(run.method, run.target),
            "seed": run.config.run_seed(run.target, run.trial),
            "split": experiment.inventory.digest,
            "weights": weights_digest(run.config),
        }
        names = (run.method.name, run.target, run.trial)
        experiment.records.write(run, record(*names, 0.5, **made_of))


def diverged(method, target, trial, step=3, domain="cartoon", loss=float("nan")):
    """The record of a run that diverged."""
    where = Divergence(step=step, domain=domain, loss=loss)
    ends = {"result": None, "selected_step": None, "diverged": where}
    return record(method, target, trial, None, history_steps=[2], **ends)


def records(targets=TARGETS, **accuracies):
    """One record per accuracy: `method=[[of each trial on the first target], [on the second]]`."""
    return [
        record(method, target, trial, accuracy)
        for method, of_method in accuracies.items()
        for target, of_target in zip(targets, of_method, strict=True)
        for trial, accuracy in enumerate(of_target, start=1)
    ]
