"""Where images may be."""

from pathlib import Path

from dg_keras.common.shown_path import shown_path


def check_data_root(data_root: str | None) -> None:
    """Raises ValueError where the command's `data_root` can be no folder, be it there or not.

    Args:
        data_root: A folder; None where the configs say where the images are.
    """
    if data_root is None:
        return
    rule = f"`data_root` must be a folder. Received: {shown_path(data_root)!r}"
    try:
        is_other = Path(data_root).exists() and not Path(data_root).is_dir()
    except OSError as error:
        raise ValueError(f"{rule}, and {error.strerror}") from error
    if is_other or not data_root:
        raise ValueError(f"{rule}, which is none")
