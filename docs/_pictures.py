"""Shows a phone the narrow one of a figure, where there is one beside it (`docs/_narrow.py`)."""

import posixpath
import re
from typing import Any

_PICTURE = re.compile(r'<img [^>]*src="([^":]+)\.png"[^>]*>')


def on_page_content(html: str, page: Any, files: Any, **more: Any) -> str:
    """Called by MkDocs with each page's content."""

    def shown(picture: re.Match[str]) -> str:
        narrow = f"{picture[1]}.narrow.png"
        if files.get_file_from_path(posixpath.normpath(posixpath.join(page.url, narrow))) is None:
            return picture[0]
        source = f'<source media="(max-width: 600px)" srcset="{narrow}">'
        return f"<picture>{source}{picture[0]}</picture>"

    return _PICTURE.sub(shown, html)
