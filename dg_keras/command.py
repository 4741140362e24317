"""Runs an experiment: every method on every held-out domain, and the report.

Without arguments it is the comparison on the images that ship. What has been run is not run again:
stop it whenever you like, and start it again to go on.
"""

import argparse
import contextlib
import importlib
import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence

import dg_keras
from dg_keras.common.check_keras import is_keras2
from dg_keras.common.find_config import find_config
from dg_keras.common.quietly import COMMAND
from dg_keras.common.read_text import read_text


def main(program: str, given: Sequence[str]) -> int:
    """Parses the command, and hands over to dg_keras.benchmark.

    Args:
        program: How the command is called, for what it says.
        given: Its arguments.

    Returns:
        The exit code.
    """
    start()
    parser = argparse.ArgumentParser(
        prog=program,
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add(
        "config",
        nargs="?",
        default="styleshift",
        help="the experiment: a YAML file, or the name of a config that ships",
    )
    add(
        "--data-root",
        help="the images; of pacs, vlcs and office_home also the folder that theirs is in",
    )
    add("--results", default="results", help="the folder of results; they go to its <name>/")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="overrides a config's key")
    add(
        "--workers",
        type=int,
        help="processes that train at once, at most four per core; if not given one, or where the "
        "config tells the cores of a run (resources.cpus) as many as have room, up to eight",
    )
    add(
        "--keep-traced",
        type=int,
        help="models, each of a method and its settings, that a process keeps in memory; if not "
        "given all of a small network, eight at most",
    )
    add(
        "--shard",
        metavar="K/N",
        help="begin with the K-th of N shares of the runs; others run the rest into --results",
    )
    add(
        "--ray",
        metavar="ADDRESS",
        help="carry out the runs on a Ray cluster: auto, this machine's; local, one that is "
        "started here; or HOST:PORT",
    )
    add(
        "--track",
        metavar="TRACKER",
        help="show the runs beside the report: tensorboard, in the results' folder; mlflow, where "
        "MLFLOW_TRACKING_URI says",
    )
    add("--dry-run", action="store_true", help="show the runs, and what they would take")
    add("--report-only", action="store_true", help="write the report of what has been run")
    arguments = parser.parse_args(given)

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name, or a table's plus-minus, must not end a run where ASCII alone is shown.
            stream.reconfigure(errors="backslashreplace")
    with stopped_by(signal.SIGTERM) as received:
        try:
            return carry_out(program, arguments)
        except KeyboardInterrupt:
            print("Stopped. The same command goes on where this one ended.", file=sys.stderr)
            return 128 + (received or [signal.SIGINT])[0]
        finally:
            os.environ.pop(COMMAND, None)  # nobody's that is started later


def carry_out(program: str, arguments: argparse.Namespace) -> int:
    """Does what the command says; returns the exit code.

    Of what is wrong with what is given it is 2, also where it is found in the work, of what goes
    wrong in the work 1.
    """
    import_all()
    if is_keras2():
        return told(program, "The comparison takes Keras 3. Received: Keras 2", 2)
    try:
        from dg_keras import benchmark
    except ModuleNotFoundError as error:
        return told(program, error, 2)

    wrong = (ValueError, OSError, benchmark.InUseError)  # a file that can't be read names itself
    stopped = (
        *(benchmark.FailedRunsError, benchmark.UnpreparedError),
        *(benchmark.NoSpaceError, benchmark.TrackingError),
    )
    try:
        study = benchmark.Study(
            benchmark.read(arguments.config, arguments.set),
            results=arguments.results,
            data_root=arguments.data_root,
            workers=arguments.workers,
            keep_traced=arguments.keep_traced,
            shard=arguments.shard,
            ray=arguments.ray,
            track=arguments.track,
        )
        if arguments.report_only:
            study.report()
            return 0
        if arguments.dry_run:
            study.dry_run()
            return 0
        study.check()
    except stopped as error:
        return told(program, error, 1)
    except wrong as error:
        return told(program, error, 2)
    try:
        study.run()
    except (benchmark.InUseError, benchmark.RecordError) as error:  # since it was checked
        return told(program, error, 2)
    except benchmark.NoSpaceError as error:
        is_any_done = any(experiment.finished() for experiment in study.experiments)
        more = ", or with --report-only reports what is done" if is_any_done else ""
        return told(program, f"{error}{more}", 1)
    # A Ray cluster may go away, and so may a folder that the report is written to.
    except (*stopped, OSError) as error:
        return told(program, error, 1)
    return 0


def show_config(program: str, name: str) -> int:
    """Prints a config that ships, to be changed; returns the exit code.

    Args:
        program: How the command is called, for what it says.
        name: The config's name, or a file.
    """
    try:
        print(read_text(find_config(name)), end="")
    except (FileNotFoundError, ValueError) as error:
        return told(program, error, 2)
    return 0


def told(program: str, error: Exception | str, code: int) -> int:
    """Says what is wrong; returns the exit code."""
    print(f"{program}: {error}", file=sys.stderr)
    return code


@contextlib.contextmanager
def stopped_by(number: signal.Signals) -> Iterator[list[int]]:
    """Lets a signal stop this process as Ctrl-C does: at the next line of Python.

    What it yields has the signal's number in it once it came: whoever is stopped may raise another
    KeyboardInterrupt for it.
    """
    received: list[int] = []

    def stop(came: int, frame: object) -> None:
        received.append(came)
        raise KeyboardInterrupt

    before = signal.signal(number, stop)
    try:
        yield received
    finally:
        signal.signal(number, before)


def start() -> None:
    """Has this process, and those that it starts, import TensorFlow as a command should."""
    os.environ[COMMAND] = "runs"
    # Read by TensorFlow when it is imported: its notices would hide our output.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Likewise: else it takes all of a GPU, which several processes may share.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")


def import_all() -> None:
    """Imports what `import dg_keras` left out so that the command could answer at once."""
    if "DomainGeneralizer" not in vars(dg_keras):
        importlib.reload(dg_keras)
