"""`python -m dg_keras run [CONFIG]`: what `python run_all.py` does, wherever it is installed."""

import sys

from dg_keras.command import main

_USAGE = "usage: python -m dg_keras run [CONFIG] ...\n`python -m dg_keras run --help` tells more"

if __name__ == "__main__":
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print(_USAGE)
        sys.exit(0)
    if sys.argv[1:2] != ["run"]:
        print(_USAGE, file=sys.stderr)
        sys.exit(2)
    sys.exit(main("python -m dg_keras run", sys.argv[2:]))
