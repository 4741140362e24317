"""Whether the system can have a file of a name."""

import os
import sys

from dg_keras.common.shortened import shortened


def check_can_be_file(given: str, name: str) -> None:
    """Raises ValueError if a name has letters that no file's name has here.

    Args:
        given: What the name was made of, for the error.
        name: The name, or a path.
    """
    try:
        os.fsencode(name)
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{given} must be text in {sys.getfilesystemencoding()}, as the names of files are in "
            f"this process (PYTHONUTF8=1 makes it utf-8). Received: {shortened(name)}"
        ) from error
