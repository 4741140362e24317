"""Fuzzes the readers of files that may hold anything, with atheris.

    pip install atheris
    python -m tests.fuzz READER [SECONDS]

gives a reader of `tests.any_file` contents that reach ever more of its code, until one ends in
neither what the file says nor a sentence that names it, takes ten seconds or 4 GiB. That content is
kept, in a file that is named; as a case of the suite it stays mended.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["dg_keras", "ruamel", "zipfile", "pickletools"]):
    from tests import any_file

_READERS = {reader.__name__: reader for reader in any_file.WHOLE}


def main() -> None:
    """Fuzzes one reader; ends the process, with 0 where nothing was found."""
    commands = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands.add_argument("reader", choices=_READERS)
    commands.add_argument("seconds", type=int, nargs="?", default=600)
    given = commands.parse_args()
    reader = _READERS[given.reader]
    # libFuzzer ends the process, and removes nothing.
    folder, corpus = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
    (corpus / "whole").write_bytes(any_file.WHOLE[reader]())
    limits = [f"-max_total_time={given.seconds}", "-timeout=10", "-rss_limit_mb=4096"]
    atheris.Setup(
        [sys.argv[0], str(corpus), *limits, f"-artifact_prefix={folder}/", "-print_final_stats=1"],
        lambda content: reader(content, folder),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
