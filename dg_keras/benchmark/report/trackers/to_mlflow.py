"""Runs as MLflow's."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import mlflow
from mlflow.entities import Metric, Param, RunStatus

from dg_keras.benchmark.report.trackers.tracked_run import TrackedRun

_DIGEST = "dg_keras.digest"
_FOLDER = "dg_keras.folder"
_REPORT = "report"
_WHOLE = RunStatus.to_string(RunStatus.FINISHED)
_PAGE = 1000  # runs that a server lists at once
_AT_ONCE = 500  # metrics that a server takes at once
_LONGEST = 250  # what a name may have, everywhere


def hand_over(
    name: str, folder: Path, runs: Mapping[str, TrackedRun], figures: Sequence[Path]
) -> str:
    """Makes an MLflow run per run, and one with the report's figures; see `track`.

    Where to, `MLFLOW_TRACKING_URI` says, or else MLflow's own rule.
    """
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(name)
    number = client.create_experiment(name) if experiment is None else experiment.experiment_id
    tags = {_FOLDER: str(folder.resolve())}
    known = {}
    for old in _all_runs(client, number):
        digest, is_ours = old.data.tags.get(_DIGEST), old.data.tags.items() >= tags.items()
        # A run is the same from wherever it comes; a report is that of one folder.
        if old.info.status == _WHOLE and (is_ours or digest != _REPORT):
            known[digest] = old.info.run_id
        # A process was broken off in it: this folder has one at a time.
        elif old.info.status != _WHOLE and is_ours:
            client.delete_run(old.info.run_id)
    for run in runs.values():
        if run.digest not in known:
            _create(client, number, run, tags)
    report = known.get(_REPORT)
    if report is None:
        made = client.create_run(number, run_name="report", tags={**tags, _DIGEST: _REPORT})
        report = made.info.run_id
    for path in figures:
        client.log_artifact(report, str(path))
    client.set_terminated(report, _WHOLE)
    return f"MLflow's experiment {name!r} has it, at {mlflow.get_tracking_uri()}."


def _all_runs(client: mlflow.MlflowClient, number: str) -> Iterator[mlflow.entities.Run]:
    token = None
    while True:
        page = client.search_runs([number], max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _create(
    client: mlflow.MlflowClient, number: str, run: TrackedRun, tags: dict[str, str]
) -> None:
    """Makes a run."""
    own = {**tags, _DIGEST: run.digest}
    made = client.create_run(number, run_name=run.name, tags=own).info.run_id
    now = int(1000 * time.time())
    parameters = [Param(_named(key), str(value)) for key, value in run.parameters.items()]
    metrics = [
        Metric(_named(key), value, now, step)
        for key, (steps, values) in run.curves.items()
        for step, value in zip(steps, values, strict=True)
    ]
    metrics += [Metric(_named(f"result/{k}"), value, now, 0) for k, value in run.measures.items()]
    client.log_batch(made, params=parameters)
    for start in range(0, len(metrics), _AT_ONCE):
        client.log_batch(made, metrics=metrics[start : start + _AT_ONCE])
    client.set_terminated(made, _WHOLE)


def _named(key: str) -> str:
    """A name that MLflow takes: a domain's may have letters that it does not."""
    return re.sub(r"[^\w\-. /]", "_", key)[:_LONGEST]
