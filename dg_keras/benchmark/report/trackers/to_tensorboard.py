"""Runs as TensorBoard's."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from dg_keras.benchmark.report.trackers.tracked_run import TrackedRun
from dg_keras.common.shown_path import shown_path

_WRITTEN_OF = "written_of"  # the file that holds the digest of what a folder was written of


def hand_over(
    name: str, folder: Path, runs: Mapping[str, TrackedRun], figures: Sequence[Path]
) -> str:
    """Writes a folder of events per run, and one of the report's figures; see `track`."""
    board = folder / "tensorboard"
    for key, run in runs.items():
        written_of = board / key / _WRITTEN_OF
        if not written_of.exists() or written_of.read_text() != run.digest:
            shutil.rmtree(board / key, ignore_errors=True)
            _write_run(board / key, run)
            written_of.write_text(run.digest)  # last: where it is, the events are whole
    shutil.rmtree(board / "report", ignore_errors=True)
    with tf.summary.create_file_writer(str(board / "report")).as_default(step=0):
        for path in figures:
            tf.summary.image(path.stem, tf.io.decode_png(path.read_bytes(), channels=4)[None])
    return f"`tensorboard --logdir {shown_path(board)}` shows {name}."


def _write_run(folder: Path, run: TrackedRun) -> None:
    with tf.summary.create_file_writer(str(folder)).as_default():
        hparams.hparams(run.parameters)
        for key, (steps, values) in run.curves.items():
            for step, value in zip(steps, values, strict=True):
                tf.summary.scalar(key, value, step=step)
        for key, value in run.measures.items():
            tf.summary.scalar(f"result/{key}", value, step=0)
