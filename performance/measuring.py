"""What the measurements share: ways that alternate, and tables that say where they were made."""

import argparse
import multiprocessing
import os
import platform
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

# Read by TensorFlow when it is imported: its start-up notices would hide our output.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd


def parser(description: str, csv: str) -> argparse.ArgumentParser:
    """A command's arguments, of which every measurement has one: where its table goes."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--csv", type=Path, default=Path("results") / csv, help="the table to write")
    return made


def alternately(ways: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """The seconds of each way, each measured once per round, so that all meet the same machine."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def compared(seconds: Mapping[str, list[float]], against: str, per: int = 1) -> pd.DataFrame:
    """One row per way: its median in milliseconds, its extremes, and its ratio to one of them.

    Args:
        seconds: From `alternately`.
        against: The way to compare with.
        per: What a measurement is divided by: the steps it took, say.

    Returns:
        The ratio is the median of the rounds' ratios.
    """
    base = np.array(seconds[against])
    return pd.DataFrame(
        {
            "way": name,
            "ms": 1000 * np.median(values) / per,
            "min": 1000 * min(values) / per,
            "max": 1000 * max(values) / per,
            f"times {against}": np.median(np.array(values) / base),
        }
        for name, values in seconds.items()
    )


def apart(function: Callable, *arguments: Any) -> Any:
    """Calls a function in a new process, which begins with this small one's peak of memory."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()


def show(table: pd.DataFrame, csv: Path, floatfmt: str = ".3f") -> None:
    """Prints a table with the machine and the versions, and writes it as CSV."""
    import keras
    import tensorflow as tf

    machine = f"{platform.platform()}, {os.cpu_count()} CPUs"
    versions = f"TensorFlow {tf.__version__}, Keras {keras.__version__}"
    print(f"{machine}, Python {platform.python_version()}, {versions}")
    print(table.to_markdown(index=False, floatfmt=floatfmt))
    csv.parent.mkdir(parents=True, exist_ok=True)
    table.assign(machine=machine, versions=versions).to_csv(csv, index=False)
