"""Whether an experiment that is killed again and again ends where an undisturbed one ends.

    python -m performance.kills [KILLS] [--workers N] [--seed SEED]

runs a small grid undisturbed, and then kills as many processes of other runs of it: at a random
moment, every second time after the first record; the command's own process or a worker, at any
moment or as it puts a whole file into its place. What was killed is started again till it is done.
Then its records must be those of the undisturbed grid, bit for bit but for their times, and so must
its tables; no process may be left 10 s after a kill, and no file that the undisturbed grid has not.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from performance.measuring import parser, show

_COMMAND = """
import os, pathlib, signal, sys
import run_all
at = int(os.environ.get("KILLED_AT_RENAME", 0))
if at and __name__ == os.environ["KILLED_AS"]:  # a worker is called "__mp_main__"
    replace, replaced, once = pathlib.Path.replace, [], pathlib.Path(os.environ["KILLED_ONCE"])
    def killed(path, target):  # the file is whole and on the disk, and not yet in its place
        replaced.append(path)
        if len(replaced) == at and not once.exists():
            once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(path, target)
    pathlib.Path.replace = killed
if __name__ == "__main__":
    sys.exit(run_all.main())
"""
_GONE = 10  # seconds in which all processes of a killed command must have ended
_NOBODY = "nobody: it was done before"
_MOST = 600  # seconds that a command may take


class Grid:
    """A small experiment in a folder of results, which can be killed.

    Args:
        results: The folder.
        overrides: Of configs/smoke.yaml, as `--set` takes them.
        workers: How many processes train at once.
    """

    def __init__(self, results: Path, overrides: list[str], workers: int) -> None:
        self.results = results
        self._folder = results / "smoke"
        self.killed_once = results.with_suffix(".killed")
        self._script = results / "command.py"
        self._script.write_text(_COMMAND, encoding="utf-8")
        sets = [word for override in overrides for word in ("--set", override)]
        self._command = [
            *(sys.executable, str(self._script), "configs/smoke.yaml", *sets),
            *("--results", str(results), "--workers", str(workers)),
        ]

    def start(self, renamed: int = 0, as_worker: bool = False) -> subprocess.Popen:
        """Starts it, in a session of its own.

        Args:
            renamed: The renaming of a file at which it kills itself; 0 for none.
            as_worker: Whether the first worker that comes so far does so instead.
        """
        self.killed_once.unlink(missing_ok=True)
        environment = os.environ | {
            "PYTHONPATH": os.getcwd(),
            "KILLED_AT_RENAME": str(renamed),
            "KILLED_AS": "__mp_main__" if as_worker else "__main__",
            "KILLED_ONCE": str(self.killed_once),
        }
        return subprocess.Popen(
            self._command,
            env=environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self) -> float:
        """Starts it and waits until it is done; the seconds it took.

        Raises:
            RuntimeError: If it fails.
        """
        start = time.perf_counter()
        process = self.start()
        _, errors = process.communicate(timeout=_MOST)
        if process.returncode:
            raise RuntimeError(f"The command ended with {process.returncode}: {errors}")
        return time.perf_counter() - start

    def is_done(self) -> bool:
        """Whether it has its report's page."""
        return (self._folder / "report" / "index.html").is_file()

    def tables(self) -> dict[str, bytes]:
        """The report's tables; its page tells the time that it took, too."""
        return {path.name: path.read_bytes() for path in (self._folder / "report").glob("table.*")}

    def records(self) -> dict[str, dict]:
        """What the runs came to, but for the time they took."""
        found = {}
        for path in (self._folder / "runs").glob("*.json"):
            record = json.loads(path.read_text(encoding="utf-8"))
            del record["seconds"], record["checksum"]  # which is of the time, too
            found[path.name] = record
        return found

    def files(self) -> set[str]:
        """All files there are."""
        paths = (path for path in self.results.rglob("*") if path.is_file())
        return {str(path.relative_to(self.results)) for path in paths}


def kill(
    grid: Grid,
    draw: random.Random,
    whom: str,
    after_record: bool,
    takes: float = 1.0,
    by: signal.Signals = signal.SIGKILL,
) -> str:
    """Kills a grid that is started, at a random moment.

    Args:
        grid: The grid.
        draw: What the moment comes from.
        whom: "command" or "worker"; "command, renaming" or "worker, renaming" as it does so.
        after_record: Whether to wait for a record first.
        takes: The seconds that the undisturbed grid took.
        by: What it is sent, where it does not kill itself.

    Returns:
        Whom it killed and when; that it was nobody, if the command was done before.

    Raises:
        RuntimeError: If a process outlives the command for too long.
    """
    who, _, renaming = whom.partition(", ")
    process = grid.start(draw.randint(1, 8) if renaming else 0, as_worker=who == "worker")
    session = process.pid
    start = time.monotonic()
    before = len(grid.records())
    while after_record and process.poll() is None and len(grid.records()) == before:
        time.sleep(0.02)
    until = time.monotonic() + draw.random() * (1 if after_record else takes)
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    told = _NOBODY
    if renaming:
        process.communicate(timeout=_MOST)
        told = whom if grid.killed_once.exists() else told
    elif process.poll() is None:
        workers = [pid for pid, command in _of_session(session) if "spawn_main" in command]
        if who == "worker" and workers:
            victim = draw.choice(workers)
            told = f"worker after {time.monotonic() - start:.1f} s"
        else:
            victim = process.pid
            told = f"command after {time.monotonic() - start:.1f} s"
        os.kill(victim, by)
    if told.startswith("worker after"):
        process.communicate(timeout=_MOST)  # it goes on without
    process.wait()
    process.stderr.close()
    deadline = time.monotonic() + _GONE
    while left := _of_session(session):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(left)} processes are left after {_GONE} s: {left}")
        time.sleep(0.1)
    return told


def _of_session(session: int) -> list[tuple[int, str]]:
    """The living processes of a session: their numbers and commands."""
    listed = subprocess.run(
        ["ps", "-s", str(session), "-o", "pid=,stat=,args="], capture_output=True, text=True
    ).stdout
    processes = [line.split(maxsplit=2) for line in listed.splitlines()]
    return [(int(pid), args) for pid, state, args in processes if not state.startswith("Z")]


def kills(
    folder: Path, overrides: list[str], number: int, workers: int, seed: int
) -> list[dict[str, object]]:
    """Kills as often as told, and compares; a row for each kill.

    Raises:
        RuntimeError: If a grid that was killed and started again is not the undisturbed one.
    """
    draw = random.Random(seed)
    undisturbed = Grid(_made(folder / "undisturbed"), overrides, workers)
    takes = undisturbed.finish()
    victims = ["command", "command, renaming"]
    if workers > 1:
        victims += ["worker", "worker, renaming"]
    rows: list[dict[str, object]] = []
    grid: Grid | None = None
    made = 0
    for i in range(number):
        start = time.monotonic()
        told = _NOBODY
        while told == _NOBODY:
            # Every grid is killed twice, before it has a record and after.
            if grid is not None and (i % 2 == 0 or grid.is_done()):
                _settle(grid, undisturbed)
                grid = None
            if grid is None:
                made += 1
                grid = Grid(_made(folder / f"killed{made}"), overrides, workers)
            told = kill(grid, draw, victims[i // 2 % len(victims)], i % 2 == 1, takes)
        rows.append(
            {
                "kill": i + 1,
                "workers": workers,
                "seed": seed,
                "killed": told,
                "s": time.monotonic() - start,
            }
        )
        print(rows[-1], flush=True)
    if grid is not None:
        _settle(grid, undisturbed)
    return rows


def _settle(grid: Grid, undisturbed: Grid) -> None:
    """Lets a grid that was killed come to its end, and compares it."""
    grid.finish()
    found = grid.records()
    for name, record in undisturbed.records().items():
        for key, value in record.items():
            if found[name][key] != value:
                raise RuntimeError(
                    f"{grid.results}: {name} differs in {key}: {found[name][key]}, not {value}"
                )
    if different := grid.files() ^ undisturbed.files():
        raise RuntimeError(f"{grid.results} differs in files: {sorted(different)}")
    if grid.tables() != undisturbed.tables():
        raise RuntimeError(f"{grid.results} differs in the report's tables")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def main() -> None:
    """Kills, prints the table, and writes it as CSV."""
    arguments = parser(__doc__, "kills.csv")
    arguments.add_argument("kills", nargs="?", type=int, default=60)
    arguments.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument(
        "--set",
        action="append",
        metavar="KEY=VALUE",
        default=[
            *("trials=1", "targets=[photo]", "methods=[Deep-All, Agr-Rand, Mixup]"),
            *("training.evaluate_every=1", "training.checkpoint_every=1"),
        ],
        help="of configs/smoke.yaml",
    )
    given = arguments.parse_args()
    rows = []
    for workers in given.workers:
        with tempfile.TemporaryDirectory() as folder:
            number = given.kills // len(given.workers)
            rows += kills(Path(folder), given.set, number, workers, given.seed)
    show(pd.DataFrame(rows), given.csv, floatfmt=".1f")


if __name__ == "__main__":
    main()
