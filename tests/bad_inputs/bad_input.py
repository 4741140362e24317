"""What a user may get wrong, how it is made, and the sentence that tells it."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any


@dataclasses.dataclass(frozen=True)
class BadInput:
    """A row of the table.

    Args:
        wrong: What is wrong; the name of the test.
        give: Makes it in an empty folder, and gives it to what a user calls.
        says: The whole sentence; `{folder}` stands for the folder.
        error: What is raised.
    """

    wrong: str
    give: Callable[[Path], Any]
    says: str
    error: type[Exception] = ValueError
