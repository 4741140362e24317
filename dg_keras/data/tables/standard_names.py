"""What an image is called, whatever layout and format its data set came in."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def standard_names(table: "pd.DataFrame") -> list[str]:
    """Returns `<domain>/<class>/<stem>` of each image, on which all copies of a data set agree.

    Images of one cell with the same stem, as VLCS has in its training and test folders, are told
    apart by a number, in the order of their paths.

    Args:
        table: Columns `path`, `domain` and `class`.

    Returns:
        The names, all different, in the table's order.
    """
    plain = [
        f"{domain}/{label}/{PurePosixPath(path).stem}"
        for path, domain, label in zip(table["path"], table["domain"], table["class"], strict=True)
    ]
    names = list(plain)
    taken = set()
    for row in sorted(range(len(plain)), key=table["path"].tolist().__getitem__):
        number = 1
        while names[row] in taken:
            number += 1
            names[row] = f"{plain[row]}-{number}"
        taken.add(names[row])
    return names
