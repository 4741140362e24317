"""Carries out runs as tasks of a Ray cluster."""

import contextlib
import functools
import logging
import os
import signal
import socket
import threading
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import ray

from dg_keras.benchmark.config.config import Data, Resources
from dg_keras.benchmark.config.first_of_each_front import first_of_each_front
from dg_keras.benchmark.config.front_of import front_of
from dg_keras.benchmark.config.import_modules import import_modules
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.running.hand import Hand, UnpreparedError
from dg_keras.benchmark.running.outcome import Outcome
from dg_keras.benchmark.running.ray_address import reach_ray
from dg_keras.benchmark.running.waiting import Waiting
from dg_keras.benchmark.training.frozen_features import SharedFeatures
from dg_keras.common.one_line import one_line
from dg_keras.common.told_if_full import NoSpaceError

_LOGGER = logging.getLogger(__name__)
_PATIENCE = 60  # seconds after which it is looked whether a task can end at all
_RETRIES = 3  # of a task whose machine or process died, which costs the run nothing but time
_AHEAD = 2  # tasks for each that has room, so that none waits for us, nor all are told at once


@contextlib.contextmanager
def connected(address: str, resources: Resources | None = None) -> Iterator[None]:
    """Connects to a cluster, and ends what it does for us in the end.

    Args:
        address: `auto`, for the cluster that this machine belongs to; `local`, for one that is
            started here; or `HOST:PORT`.
        resources: What each task will take, which some machine must have; None not to look.

    Raises:
        ConnectionError: If there is no cluster that can be worked with.
        ValueError: If no machine of the cluster has the resources.
    """
    with contextlib.ExitStack() as ending:
        if not ray.is_initialized():  # as it is where the caller has connected
            reach_ray(address)
            with _signals_kept():
                _connect(address)
            ending.callback(ray.shutdown)
        if resources is not None and not _room(resources):
            machines = "; ".join(
                f"{machine.get('CPU', 0):g} CPUs, {machine.get('GPU', 0):g} GPUs"
                for machine in _machines()
            )
            raise ValueError(
                "`resources` must be what a machine of the Ray cluster has. Received: "
                f"cpus={resources.task_cpus}, gpus={resources.gpus:g}, and machines with {machines}"
            )
        yield


def _connect(address: str) -> None:
    if address == "local":  # Ray's default is to try for ever what takes too much memory
        os.environ.setdefault("RAY_task_oom_retries", str(_RETRIES))
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except ConnectionError as error:
        raise ConnectionError(
            "`ray` must be where a Ray cluster is. Received: "
            f"ray={address!r}, and no cluster; `ray start --head` starts one"
        ) from error
    except RuntimeError as error:  # such as another version of Ray or Python there
        raise ConnectionError(
            "`ray` must be a cluster that can be worked with. Received: "
            f"ray={address!r}, and {one_line(str(error), 300)}"
        ) from error


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Keeps what SIGTERM does, which Ray would have end the process without a word."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def carried_out_by_ray(
    waiting: Waiting, hand: Hand, address: str, started: Callable[[Run], None]
) -> Generator[Outcome, None, None]:
    """Carries out runs on a Ray cluster, and yields what comes of each as it ends.

    A run is a task, with the resources that its config states, and Ray says where and when. What
    is frozen is made by a task, too, and is there once per machine. A run that fails costs no
    other. One whose machine dies is run again, from its last checkpoint where the disk with the
    results is the cluster's.

    Args:
        waiting: The runs, all of one experiment.
        hand: What they are carried out with.
        address: See `connected`.
        started: Called with each run when it is handed to the cluster.

    Raises:
        NoSpaceError: If there is no space left.
        UnpreparedError: If what many runs share can't be made.
        ConnectionError: If the cluster goes away.
    """
    if not waiting.runs:
        return
    resources = waiting.runs[0].config.resources
    with connected(address), _cluster_is_needed(), _marked(hand.records.folder) as mark:
        # In a list, so that a task is given the reference, and can keep what it refers to.
        kept = [ray.put((hand, os.getcwd(), mark))]
        prepared = _prepared(waiting, kept, resources)
        carry_out = _task(_carry_out, resources)
        on: dict[ray.ObjectRef, Run] = {}
        try:
            while True:
                ahead = _AHEAD * max(1, _room(resources))
                while len(on) < ahead and (run := waiting.next()) is not None:
                    frozen = prepared.get(front_of(run.config), (None, None))
                    on[carry_out.remote(kept, run, *frozen)] = run
                    started(run)
                if not on:
                    return
                ended = _ended(list(on), resources)
                outcome = _received(ended, on.pop(ended), hand)
                waiting.done_with(outcome.run)
                yield outcome
        finally:
            _cancel(list(on))


@contextlib.contextmanager
def _cluster_is_needed() -> Iterator[None]:
    """Says in a sentence that the cluster went away."""
    try:
        yield
    except ray.exceptions.RayError as error:
        told = one_line(f"{type(error).__name__}: {error}", 300)
        raise ConnectionError(
            f"The Ray cluster went away ({told}). The same command goes on where this one ended"
        ) from error


@contextlib.contextmanager
def _marked(folder: Path) -> Iterator[Path]:
    """A file that is there meanwhile: a machine that does not see it has a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / f".ray.{uuid.uuid4()}.partial"  # cleared like others where this is killed
    mark.touch()
    try:
        yield mark
    finally:
        mark.unlink(missing_ok=True)


def _ended(tasks: list[ray.ObjectRef], resources: Resources) -> ray.ObjectRef:
    """The first task that ends; a warning tells where none can, for as long as that is so."""
    is_told = False
    while True:
        ended, _ = ray.wait(tasks, timeout=_PATIENCE)
        if ended:
            return ended[0]
        if not is_told and not _room(resources):
            is_told = True
            _LOGGER.warning(
                "No machine of the Ray cluster has what a run takes any more (cpus=%d, gpus=%g): "
                "the runs wait until one joins.",
                resources.task_cpus,
                resources.gpus,
            )


def _cancel(tasks: list[ray.ObjectRef]) -> None:
    """Ends tasks that are not done, if there are any."""
    if tasks:
        # A failed check of Ray's ends this process where a task's result has just come.
        _, running = ray.wait(tasks, num_returns=len(tasks), timeout=0)
        for task in running:
            ray.cancel(task, force=True)


def _machines() -> list[dict[str, float]]:
    """What each machine of the cluster has."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _room(resources: Resources) -> int:
    """How many tasks the cluster has room for at once."""
    return sum(
        int(
            min(
                machine.get("CPU", 0) / resources.task_cpus,
                machine.get("GPU", 0) / resources.gpus if resources.gpus else float("inf"),
            )
        )
        for machine in _machines()
    )


def _task(function: Callable[..., Any], resources: Resources, returns: int = 1) -> Any:
    """A function as a task with resources."""
    environment = {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # others use it, too
        "TF_NUM_INTRAOP_THREADS": str(resources.task_cpus),
    }
    if not resources.gpus:  # Ray itself leaves all of them to be seen
        environment["CUDA_VISIBLE_DEVICES"] = "-1"
    # Told here, since Ray gives a task its GPU for itself, in a new process, only then.
    return ray.remote(
        num_cpus=resources.task_cpus,
        num_gpus=resources.gpus,
        num_returns=returns,
        max_retries=_RETRIES,
        runtime_env={"env_vars": environment},
    )(function)


def _prepared(
    waiting: Waiting, kept: list[ray.ObjectRef], resources: Resources
) -> dict[tuple[Data, str], tuple[str, ray.ObjectRef]]:
    """What is frozen, by what says what it is: what tells it from others, and a reference to it."""
    prepare = _task(_prepare, resources, returns=2)
    tasks = {
        front: prepare.remote(kept, run) for front, run in first_of_each_front(waiting.runs).items()
    }
    try:
        return {
            front: (_got(_ended([origin], resources)), features)
            for front, (origin, features) in tasks.items()
        }
    except ray.exceptions.RayError as error:
        raise UnpreparedError(one_line(f"{type(error).__name__}: {error}", 300)) from error
    finally:
        _cancel([origin for origin, _ in tasks.values()])


def _got(task: ray.ObjectRef) -> Any:
    """What a task returned.

    Raises:
        NoSpaceError: If it raised it.
        UnpreparedError: If it raised anything else.
        RayError: If its process or machine died.
    """
    try:
        return ray.get(task)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, NoSpaceError | UnpreparedError):
            raise error.cause from error
        told = f"{type(error.cause).__name__}: {error.cause}"
        raise UnpreparedError(one_line(told, 400)) from error


def _received(task: ray.ObjectRef, run: Run, hand: Hand) -> Outcome:
    """What came of a run; its record is on the disk here, too."""
    try:
        outcome = _got(task)
    except ray.exceptions.RayError as error:
        told = one_line(f"{type(error).__name__}: {error}", 300)
        return Outcome(run, failure=hand.told(run, told, f"{error}\n"))
    if outcome.record is not None and hand.records.read(run) is None:
        hand.records.write(run, outcome.record)
    return outcome


def _prepare(
    kept: list[ray.ObjectRef], run: Run
) -> tuple[str, np.ndarray] | tuple[None, None] | None:
    """A task: what is frozen, and what tells it from others; nothing if there is no room for it."""
    with _told_where():
        hand, shared, _ = _hand(*kept)
        import_modules(run.config.imports)
        return shared.latest if hand.prepare(run) else (None, None)


def _carry_out(
    kept: list[ray.ObjectRef], run: Run, origin: str | None, features: np.ndarray | None
) -> Outcome:
    """A task: a run."""
    with _told_where():
        hand, shared, mark = _hand(*kept)
        import_modules(run.config.imports)
        # Ray runs again what died at its end. A machine's own folder may have older commands' runs.
        if mark.exists() and (found := hand.found(run)) is not None:
            return found
        if origin is not None and features is not None:
            shared.latest = (origin, features)
        outcome = hand.carry_out(run)
    if outcome.failure is not None:
        return Outcome(run, failure=_here(outcome.failure))
    return outcome


@contextlib.contextmanager
def _told_where() -> Iterator[None]:
    """Says of what stops all runs on which machine it was."""
    try:
        yield
    except (NoSpaceError, UnpreparedError) as error:
        raise type(error)(_here(str(error))) from error
    except ValueError as error:  # of `imports`, or of a record that is none
        raise UnpreparedError(_here(str(error))) from error


@functools.lru_cache(maxsize=1)
def _hand(kept: ray.ObjectRef) -> tuple[Hand, SharedFeatures, Path]:
    """The hand of this process, which keeps what was traced from one task to the next.

    And the file that tells whether the command's folder is this machine's, too.
    """
    hand, folder, mark = ray.get(kept)
    if not os.path.isdir(folder):
        raise UnpreparedError(
            f"{folder} must be on every machine of the Ray cluster, as it is on a disk that all see"
        )
    os.chdir(folder)  # to which paths may be relative
    hand.features = shared = SharedFeatures(hand.features)
    return hand, shared, mark


def _here(told: str) -> str:
    """What is told, and where: paths in it are those of a machine of the cluster."""
    return f"{told} on {socket.gethostname()}"
