"""What the figures' font can't draw."""

import functools

from matplotlib import font_manager, ft2font


def missing_glyphs(text: str) -> str:
    """The characters of a text, each once, for which figures would show a box.

    Args:
        text: Such as a method's name.
    """
    font = _font()
    return "".join(c for c in dict.fromkeys(text) if not font.get_char_index(ord(c)))


@functools.cache
def _font() -> ft2font.FT2Font:
    """The font of all text in figures."""
    return ft2font.FT2Font(font_manager.findfont(font_manager.FontProperties()))
