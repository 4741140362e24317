"""CSV whose cells are text, written so that any text reads back the same."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

_QUOTED = re.compile(r'[",\r\n]')


def parse_csv(content: bytes) -> tuple[list[str], list[list[str]]]:
    """Reads CSV with a header.

    Args:
        content: A file's content, in UTF-8, with or without a byte-order mark.

    Returns:
        The names of the columns, and the rows, each of as many cells.

    Raises:
        ValueError: If it is no such file; the message is the reason alone.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines = []
    try:
        for cells in reader:
            if cells:  # not a blank line
                lines.append((reader.line_num, cells))
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num} is no CSV") from error
    if not lines:
        raise ValueError("it is empty")
    (_, header), *rows = lines
    for number, cells in rows:
        if len(cells) != len(header):
            raise ValueError(
                f"line {number} has {len(cells)} cells, where the header has {len(header)}"
            )
    return header, [cells for _, cells in rows]


def format_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Writes CSV that `parse_csv` reads back.

    Args:
        header: The names of the columns, at least two.
        rows: Rows of as many cells.

    Returns:
        The file's content.
    """
    # Python 3.11's writer leaves a lone carriage return unquoted, at which a reader ends the row.
    return "".join(",".join(map(_cell, cells)) + "\n" for cells in (header, *rows)).encode()


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
