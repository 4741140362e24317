"""Shows below the code of a page what it comes to, as the page's notebook keeps it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

_NOTEBOOKS = Path(__file__).parent / "notebooks"
_CODE = re.compile(r"^```python\n.*?^```\n", re.MULTILINE | re.DOTALL)


def on_page_markdown(markdown: str, page: Any, **more: Any) -> str:
    """Called by MkDocs with the text of each page."""
    notebook = (_NOTEBOOKS / page.file.src_uri).with_suffix(".ipynb")
    if not notebook.is_file():
        return markdown
    outputs = _outputs(notebook)
    return _CODE.sub(lambda block: block[0] + next(outputs), markdown)


def _outputs(path: Path) -> Iterator[str]:
    """What comes of each cell of code, but for the first, which is no part of the page."""
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    _, *cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    for cell in cells:
        text, pictures = "", ""
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/png" in data:
                png = "".join(data["image/png"].split())
                pictures += f"\n![What the code draws](data:image/png;base64,{png})\n"
            elif output.output_type == "stream":
                text += output.text
            else:
                text += f"{data['text/plain']}\n"
        yield (f"\n```text\n{text.rstrip()}\n```\n" if text else "") + pictures
