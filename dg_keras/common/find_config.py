"""The config that was asked for."""

from pathlib import Path

from dg_keras.common.home import places
from dg_keras.common.shortened import shortened


def find_config(asked: str | Path) -> Path:
    """The file of a config: as it is asked for, or one that ships, by its name.

    Args:
        asked: A file, or a name without a folder and without ".yaml".

    Raises:
        FileNotFoundError: If it is a name of none that ships.
    """
    path = Path(asked)
    if path.suffix or len(path.parts) != 1 or path.is_file():
        return path
    # The first place counts.
    folders = reversed(places("configs"))
    found = {file.stem: file for folder in folders for file in folder.glob("*.yaml")}
    if path.name in found:
        return found[path.name]
    if path.exists():
        return path
    ships = ", ".join(sorted(found)) or "which come with the package dg_keras_data"
    raise FileNotFoundError(
        "`config` must be a YAML file, or the name of one of the configs that ship, "
        f"{ships}. Received: {shortened(path.name)}"
    )
