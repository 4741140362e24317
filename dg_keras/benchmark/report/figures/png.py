"""A figure as a file's content."""

import io
import warnings

from matplotlib.figure import Figure
from PIL import Image


def png(figure: Figure) -> bytes:
    """The figure as a PNG image of 150 dots per inch and 256 colours, a third of the bytes."""
    drawn = io.BytesIO()
    with warnings.catch_warnings():
        # Told before the work, of each name once; see `missing_glyphs`.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(drawn, format="png", dpi=150)
    image = Image.open(drawn).convert("RGB").quantize(dither=Image.Dither.NONE)
    file = io.BytesIO()
    image.save(file, format="png", optimize=True)
    return file.getvalue()
