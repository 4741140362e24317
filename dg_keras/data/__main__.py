"""Prepare, download or examine a data set."""

import argparse
import sys
from collections.abc import Callable

from dg_keras.data import KNOWN


def main() -> int:
    """Parses the command, and hands over to the function of its name."""
    arguments = _parser().parse_args()
    # Only now, so that `--help` and a mistyped command are answered at once.
    import rich.console

    from dg_keras.data import doctor, download, prepare

    console = rich.console.Console(highlight=False, soft_wrap=True)
    try:
        if arguments.command == "doctor":
            inspection = doctor(arguments.root, arguments.name, verbose=True)
            inspection.show(console)
            return 1 if inspection.faults else 0
        options = {key: getattr(arguments, key) for key in ("size", "format", "quality", "seed")}
        options["max_size"] = arguments.max_size * 2**30
        if arguments.command == "download":
            table = download(arguments.name, arguments.to, **options, verbose=True)
        else:
            table = prepare(arguments.name, arguments.source, arguments.to, **options, verbose=True)
    except (ValueError, OSError, ImportError) as error:
        print(f"dg_keras.data: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. The same command goes on where this one ended.", file=sys.stderr)
        return 130
    counts = table["domain"].value_counts().sort_index()
    listed = ", ".join(f"{domain} {count}" for domain, count in counts.items())
    console.print(f"{len(table)} images in {arguments.to}: {listed}", markup=False)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dg_keras.data", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    with_defaults = argparse.ArgumentDefaultsHelpFormatter

    text = "turn a data set as it is published into the standard layout"
    add = commands.add_parser(
        "prepare", help=text, description=text, formatter_class=with_defaults
    ).add_argument
    add("name", choices=sorted(KNOWN))
    add("--from", dest="source", required=True, help="a folder, archive, or parquet file or folder")
    _add_options(add)

    text = "fetch a data set from the Hugging Face hub, and prepare it"
    add = commands.add_parser(
        "download", help=text, description=text, formatter_class=with_defaults
    ).add_argument
    add("name", choices=[known.name for known in KNOWN.values() if known.hub])
    _add_options(add)

    text = "examine a data set's folder; the exit code is 1 if it has faults"
    add = commands.add_parser("doctor", help=text, description=text).add_argument
    add("root", help="the data set's folder")
    add("--name", choices=sorted(KNOWN), help="the data set it should be, if it does not tell")
    return parser


def _add_options(add: Callable) -> None:
    add("--to", required=True, help="the folder to make")
    add("--size", type=int, default=227, help="height and width in pixels")
    add("--format", choices=["jpeg", "png"], default="png", help="PNG loses nothing")
    add("--quality", type=int, default=95, help="that of JPEG, 1 to 100")
    add("--seed", type=int, default=0, help="what the split depends on")
    add("--max-size", type=int, default=16, help="GiB that an archive may unpack to")


if __name__ == "__main__":
    sys.exit(main())
