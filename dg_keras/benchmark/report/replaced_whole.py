"""Files that are written together, or not at all."""

import contextlib
import shutil
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from dg_keras.common.sole_user import sole_user
from dg_keras.common.told_if_full import told_if_full

_BYTES = 2_000_000  # of a large report, figures and all


@contextlib.contextmanager
def replaced_whole(folder: Path, optional: Collection[str] = ()) -> Iterator[Path]:
    """A new folder to write into, whose files are moved into another when all are written.

    Whatever fails while they are written leaves the other folder as it was. Its files of other
    names stay. Processes that write into one folder wait for each other.

    Args:
        folder: Where the files shall be; it is made where it does not exist.
        optional: The names, relative to the folder, of files that may not be written this time: of
            an earlier time they do not stay.

    Yields:
        The new folder, beside the other so that moving is renaming.

    Raises:
        NoSpaceError: If there is no space left.
    """
    prefix = f".{folder.name}."
    with contextlib.ExitStack() as stack:
        stack.enter_context(told_if_full(folder, _BYTES))
        folder.parent.mkdir(parents=True, exist_ok=True)
        stack.enter_context(sole_user(folder.parent, folder.name, "written into", wait=True))
        for left in folder.parent.glob(f"{prefix}*"):  # by a process that was killed
            if left.is_dir():
                shutil.rmtree(left)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=prefix) as made:
            yield Path(made)
            stale = [name for name in optional if not (Path(made) / name).exists()]
            for path in sorted(Path(made).rglob("*")):
                if path.is_file():
                    target = folder / path.relative_to(made)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    path.replace(target)
            for name in stale:
                (folder / name).unlink(missing_ok=True)
