"""What a second process is worth: a grid of small runs, with one worker and with two.

    python -m performance.workers [RUNS]

runs configs/smoke.yaml as often as told with one worker on one core, and with two on two,
alternately, each time into an empty folder. Counted is the time after as many records as there are
workers, before which they import and decode: tracing, `fit`, evaluation, records and all else are
in it. Both must come to the same table to the last digit. It needs Linux.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from performance.measuring import parser, show

ROUNDS = 3
PER_TRIAL = 8  # the runs of one trial of the smoke config


def main() -> None:
    """Measures, prints the table, and writes it as CSV."""
    commands = parser(__doc__, "workers.csv")
    commands.add_argument("runs", nargs="?", type=int, default=32)
    commands.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    given = commands.parse_args()
    if given.runs < PER_TRIAL:
        commands.error(f"runs must be at least {PER_TRIAL}. Received: {given.runs}")
    rows, tables = [], []
    for number in range(ROUNDS):
        for workers in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                row, table = throughput(Path(folder), given.runs, workers, given.set)
            rows.append({"round": number + 1, **row})
            tables.append(table)
            print(rows[-1], flush=True)
    if len(set(tables)) > 1:
        raise RuntimeError("The tables differ between one worker and two")
    show(pd.DataFrame(rows), given.csv, floatfmt=".2f")
    by_workers = pd.DataFrame(rows).pivot(index="round", columns="workers", values="runs per s")
    print(f"Two workers over one: {(by_workers[2] / by_workers[1]).median():.2f} times")


def throughput(
    results: Path, runs: int, workers: int, overrides: list[str]
) -> tuple[dict[str, float], bytes]:
    """How many runs per second a command makes, and its table."""
    sets = [f"trials={runs // PER_TRIAL}", *overrides]
    command = [
        *("taskset", "--cpu-list", f"0-{workers - 1}", sys.executable),
        *("run_all.py", "configs/smoke.yaml", "--workers", str(workers)),
        *(word for override in sets for word in ("--set", override)),
        *("--results", str(results)),
    ]
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    whole = time.perf_counter() - start
    ends = sorted(path.stat().st_mtime for path in (results / "smoke" / "runs").glob("*.json"))
    begun = ends[workers - 1]
    row = {
        "workers": workers,
        "runs": len(ends),
        "whole, s": whole,
        "runs per s": (len(ends) - workers) / (ends[-1] - begun),
    }
    return row, (results / "smoke" / "report" / "table.csv").read_bytes()


if __name__ == "__main__":
    main()
