"""A process that carries out runs for another one."""

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Iterator, Sequence

import tensorflow as tf

from dg_keras.benchmark.config.import_modules import import_modules
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.running.hand import Hand, UnpreparedError
from dg_keras.benchmark.running.outcome import Outcome
from dg_keras.common.told_if_full import NoSpaceError

_PATIENCE = 5  # seconds for a process that has lost its connection to end by itself


class DiedError(Exception):
    """A worker's process has ended before it was told to."""


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
        self._process = context.Process(
            target=_serve, args=(its, hand, imports, threads), daemon=True
        )
        with _interrupts_held_back():
            self._process.start()
        its.close()  # so that its end is the end of the connection
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
            raise DiedError(self._end()) from error
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

    def _end(self) -> str:
        """How it ended."""
        self._process.join(_PATIENCE)
        code = self._process.exitcode
        self.end()
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
    hand: Hand,
    imports: Sequence[str],
    threads: int,
) -> None:
    """What the process does: runs, as long as it gets any."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
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


def _end_with_parent() -> None:
    # It may have been killed, and then nobody would tell us; nobody wants what we do, either.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Ctrl-C goes to all processes of a terminal: those begun here leave it to this one."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
