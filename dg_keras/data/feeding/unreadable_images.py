"""Which of many image files can't be read."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dg_keras.common.cores import cores
from dg_keras.data.feeding.read_image import decode_image, read_content


def unreadable_images(paths: Sequence[Path]) -> dict[int, str]:
    """Decodes every file, and keeps none.

    Args:
        paths: The image files.

    Returns:
        Why a file can't be read, by its position in `paths`, for those that can't.

    Raises:
        FileNotFoundError: If a file is not there.
    """
    with ThreadPoolExecutor(cores()) as pool:  # Pillow decodes outside Python's lock
        reasons = list(pool.map(_reason, paths))
    return {position: reason for position, reason in enumerate(reasons) if reason is not None}


def _reason(path: Path) -> str | None:
    try:
        decode_image(read_content(path))
    except ValueError as error:
        return str(error)
    return None
