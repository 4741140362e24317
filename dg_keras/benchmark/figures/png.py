"""A figure as a file's content."""

import io
import warnings

from matplotlib.figure import Figure


def png(figure: Figure) -> bytes:
    """The figure as a PNG image of 150 dots per inch."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        # Told before the work, of each name once; see `missing_glyphs`.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(file, format="png", dpi=150)
    return file.getvalue()
