"""A figure as a file's content."""

import io

from matplotlib.figure import Figure


def png(figure: Figure) -> bytes:
    """The figure as a PNG image of 150 dots per inch."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=150)
    return file.getvalue()
