"""What it takes to estimate each config that ships: the time and memory of its dry run.

    python -m performance.estimates [CONFIG ...] [--data-root DATA]

runs `run_all.py CONFIG --dry-run` for one config after the other, each in a process of its own. It
needs no images: of what is not there, it measures on noise. The exit code is 1 where one of them
takes more than a minute or 4 GiB.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from performance.measuring import parser, show

MOST_SECONDS, MOST_GIB = 60, 4


def main() -> None:
    """Measures, prints the table, and writes it as CSV."""
    commands = parser(__doc__, "estimates.csv")
    commands.add_argument("config", nargs="*", help="all that ship, if none is named")
    commands.add_argument("--data-root", help="as run_all.py takes it")
    given = commands.parse_args()
    configs = given.config or sorted(map(str, Path("configs").glob("*.yaml")))
    rows = []
    for config in configs:
        rows.append(dry_run(config, given.data_root))
        print(rows[-1], flush=True)
    show(pd.DataFrame(rows), given.csv, floatfmt=".1f")
    too_much = [row["config"] for row in rows if row["s"] > MOST_SECONDS or row["GiB"] > MOST_GIB]
    if too_much:
        sys.exit(f"More than {MOST_SECONDS} s or {MOST_GIB} GiB: {', '.join(map(str, too_much))}")


def dry_run(config: str, data_root: str | None) -> dict[str, str | float]:
    """The runs that a config's dry run finds, what they would take, and what it took to say so."""
    root = [] if data_root is None else ["--data-root", data_root]
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryFile("w+", encoding="utf-8") as printed,
    ):
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "run_all.py", config, "--dry-run", "--results", folder, *root],
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        printed.seek(0)
        lines = printed.read().splitlines()
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"The dry run of {config} failed: {lines[-1:]}")
    said = [line for line in lines if line.startswith(("Time:", "Memory:"))]
    return {
        "config": Path(config).stem,
        "s": seconds,
        "GiB": usage.ru_maxrss / 2**20,
        "said": " ".join(said),
    }


if __name__ == "__main__":
    main()
