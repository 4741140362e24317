"""`python -m dg_keras run [CONFIG]`: what `python run_all.py` does, wherever it is installed."""

import sys

from dg_keras.command import main

if __name__ == "__main__":
    if sys.argv[1:2] != ["run"]:
        print("usage: python -m dg_keras run [CONFIG] ...; --help tells more", file=sys.stderr)
        sys.exit(2)
    sys.exit(main("python -m dg_keras run", sys.argv[2:]))
