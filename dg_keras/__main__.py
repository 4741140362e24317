"""`python -m dg_keras`: `run`, which is run_all.py wherever it is installed, and `config`."""

import sys

from dg_keras.command import main, show_config

_USAGE = """\
usage: python -m dg_keras run [CONFIG] ...
       python -m dg_keras config NAME > MINE.yaml
`python -m dg_keras run --help` tells more"""


def _answer(arguments: list[str]) -> int:
    match arguments:
        case ["-h" | "--help"]:
            print(_USAGE)
            return 0
        case ["run", *given]:
            return main("python -m dg_keras run", given)
        case ["config", name] if not name.startswith("-"):
            return show_config("python -m dg_keras config", name)
    print(_USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(_answer(sys.argv[1:]))
