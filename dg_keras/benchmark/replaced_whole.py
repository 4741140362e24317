"""Files that are written together, or not at all."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replaced_whole(folder: Path) -> Iterator[Path]:
    """A new folder to write into, whose files are moved into another when all are written.

    Whatever fails while they are written leaves the other folder as it was. Its files of other
    names stay.

    Args:
        folder: Where the files shall be; it is made where it does not exist.

    Yields:
        The new folder, beside the other so that moving is renaming.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as made:
        yield Path(made)
        for path in sorted(Path(made).rglob("*")):
            if path.is_file():
                target = folder / path.relative_to(made)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
