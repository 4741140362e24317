"""The text of a config's file."""

import difflib
from pathlib import Path

from dg_keras.common.one_line import one_line
from dg_keras.common.shortened import shortened
from dg_keras.common.shown_path import shown_path

_SHOWN = 8
_BYTES = 2**20


def read_text(path: Path) -> str:
    """Reads a file, whatever may stand in it.

    Args:
        path: The config's.

    Raises:
        ValueError: If it is not UTF-8, or can't be read.
        FileNotFoundError: If there is no such file.
    """
    try:
        if not path.is_file():
            raise FileNotFoundError(_absence(path))
        with path.open("rb") as file:
            content = file.read(_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(
            f"The config must be a file that can be read. Received: {shortened(path.name)} in "
            f"{shown_path(path.parent)}, and {error.strerror}"
        ) from error
    if len(content) > _BYTES:
        raise ValueError(f"The config {path} must be at most {_BYTES:,} bytes. Received: more")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"The config {path} must be UTF-8. "
            f"Received: the byte 0x{content[error.start]:02x} in line {line}"
        ) from error


def _absence(path: Path) -> str:
    """That there is no such file, and what there is."""
    if path.exists() and not path.is_dir():
        return f"The config {path} must be a file. Received: a device, a pipe or the like"
    folder = path if path.is_dir() else path.parent
    there = sorted(folder.glob("*.yaml"), key=lambda p: (-_likeness(p.name, path.name), p))
    near = one_line(", ".join(p.name for p in there[:_SHOWN])) or "no config"
    fault = "is a folder. In it" if path.is_dir() else "does not exist. Beside it"
    return f"The config {shown_path(path)} {fault}: {near}"


def _likeness(name: str, other: str) -> float:
    return difflib.SequenceMatcher(None, name, other).ratio()
