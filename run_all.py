"""Runs an experiment: every method on every held-out domain, and the report.

    python run_all.py                           # configs/styleshift.yaml, the images that ship
    python run_all.py configs/pacs.yaml --data-root ~/data --results results --workers 2
    python run_all.py configs/pacs.yaml --dry-run
    python run_all.py configs/pacs.yaml --report-only
    python run_all.py --help

What has been run is not run again: stop it whenever you like, and start it again to go on.
"""

import os
import sys
from pathlib import Path


def main() -> int:
    """Hands over to `dg_keras.command`; returns the exit code."""
    os.environ["DG_KERAS_COMMAND"] = "starts"  # it answers what is mistyped before it imports Keras
    from dg_keras.command import main

    return main(Path(__file__).name, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
