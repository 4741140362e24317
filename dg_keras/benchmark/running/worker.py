"""A process that carries out runs for another one."""

import contextlib
import faulthandler
import multiprocessing
import multiprocessing.connection
import multiprocessing.resource_tracker
import os
import signal
import sys
from collections.abc import Iterator, Sequence

import tensorflow as tf

from dg_keras.benchmark.config.import_modules import import_modules
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.running.hand import Hand, UnpreparedError
from dg_keras.benchmark.running.outcome import Outcome
from dg_keras.common.end_with_parent import ends_with_this_process
from dg_keras.common.told_if_full import NoSpaceError

_PATIENCE = 5  # seconds for a process that has lost its connection to end by itself


class DiedError(Exception):
    """A worker's process has ended before it was told to.

    Args:
        how: How it ended.
        trace: Where in the program it was, if the process could still tell.
    """

    def __init__(self, how: str, trace: str) -> None:
        super().__init__(how)
        self.trace = trace


class Worker:
    """A process of its own, which carries out one run at a time, and ends with the one that has it.

    Args:
        hand: What it carries out runs with.
        imports: The modules that it imports first.
        threads: How many it computes with.
    """

    def __init__(self, hand: Hand, imports: Sequence[str], threads: int) -> None:
        # A fresh process, since TensorFlow does not survive a fork.
        context = multiprocessing.get_context("spawn")
        self.connection, its = context.Pipe()
        self._traces, its_traces = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_serve, args=(its, its_traces, hand, imports, threads), daemon=True
        )
        with _interrupts_held_back(), ends_with_this_process():
            self._process.start()
        its.close()  # so that its end is the end of the connection
        its_traces.close()
        self.run: Run | None = None

    def receive(self) -> Outcome | None:
        """Returns what came of its run, or None once it is ready for the first.

        Raises:
            DiedError: If the process ended; the message says how.
            NoSpaceError: If there is no space left.
            UnpreparedError: If what its run shares with others can't be made.
        """
        try:
            received = self.connection.recv()
        except (EOFError, OSError) as error:  # in the middle of a message it is a plain OSError
            raise self._died() from error
        if isinstance(received, Exception):
            raise received
        return received

    def give(self, run: Run) -> None:
        """Lets it carry out a run, once it has told what came of the one before."""
        self.run = run
        with contextlib.suppress(ConnectionError):  # it died, as `receive` will tell
            self.connection.send(run)

    def end(self) -> None:
        """Ends it, whatever it does: what it writes is there as a whole or not at all."""
        self._process.kill()
        self._process.join()
        self.connection.close()
        self._traces.close()

    def _died(self) -> DiedError:
        """How it ended, and where."""
        self._process.join(_PATIENCE)
        code = self._process.exitcode
        self._process.kill()  # its traces end with it
        trace = ""
        if sys.platform != "win32":  # else a connection is no file, and has no trace in it
            with open(self._traces.fileno(), "rb", closefd=False) as traces:
                trace = traces.read().decode(errors="backslashreplace")
        self.end()
        return DiedError(_how_it_ended(code), trace)


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return "its process lost its connection"
    if code >= 0:
        return f"its process ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    memory = ", which is what a system out of memory sends" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{memory}"


def _serve(
    connection: multiprocessing.connection.Connection,
    traces: multiprocessing.connection.Connection,
    hand: Hand,
    imports: Sequence[str],
    threads: int,
) -> None:
    """What the process does: runs, as long as it gets any."""
    if sys.platform != "win32":
        os.set_blocking(traces.fileno(), False)  # what a pipe does not hold is left out
        faulthandler.enable(traces.fileno(), all_threads=False)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    try:
        import_modules(imports)
    except ValueError as error:
        connection.send(UnpreparedError(str(error)))
        return
    try:
        connection.send(None)
        while True:
            connection.send(hand.carry_out(connection.recv()))
    except (NoSpaceError, UnpreparedError) as error:
        connection.send(error)
    except (EOFError, ConnectionError):  # the other has ended
        return


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Ctrl-C goes to all processes of a terminal: those begun here leave it to this one."""
    if sys.platform == "win32":  # which has no masks
        yield
        return
    # Begun with the first process, it would let the signals through again.
    multiprocessing.resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
