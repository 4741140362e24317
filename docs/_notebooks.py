"""Makes notebooks of pages, with what their code comes to.

    python -m docs._notebooks

runs the pages' code, a minute or two, and writes docs/notebooks.
"""

import os
import re
import tempfile
from pathlib import Path

import jupytext
import nbclient
import nbformat

FOLDER = Path(__file__).parent / "notebooks"
PAGES = ("tutorial", "conflict")


def notebook_of(page: str) -> nbformat.NotebookNode:
    """The notebook of a page, not run: its code as cells, and links that lead out of the folder."""
    text = (FOLDER.parent / f"{page}.md").read_text(encoding="utf-8")
    text = re.sub(r" \[As a notebook\].*\.$", "", text, flags=re.MULTILINE)
    notebook = jupytext.reads(text, fmt="md")
    # Without it, IPython shows figures of pyplot alone.
    notebook.cells.insert(1, nbformat.v4.new_code_cell("%matplotlib inline"))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\]\((?!http|#)", "](../", cell.source)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata = nbformat.from_dict({"kernelspec": kernel})
    for position, cell in enumerate(notebook.cells):
        cell.id = f"{page}-{position}"  # drawn at random, it would change with every run
    return notebook


def executed(page: str) -> nbformat.NotebookNode:
    """The same, run. A cell that fails raises `nbclient.exceptions.CellExecutionError`."""
    notebook = notebook_of(page)
    path = os.pathsep.join([str(FOLDER.parents[1]), os.environ.get("PYTHONPATH", "")])
    with tempfile.TemporaryDirectory() as folder:  # for what the examples save
        where = {"metadata": {"path": folder}}
        client = nbclient.NotebookClient(notebook, timeout=900, resources=where)
        client.execute(env={**os.environ, "PYTHONPATH": path})
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})  # when it ran
        streams = [o for o in cell.get("outputs", []) if o.get("name") == "stderr"]
        for stream in streams:  # notices of the libraries, with paths of this machine
            cell.outputs.remove(stream)
    return notebook


def main() -> None:
    """Runs the notebooks, and writes them."""
    FOLDER.mkdir(exist_ok=True)
    for page in PAGES:
        nbformat.write(executed(page), FOLDER / f"{page}.ipynb")


if __name__ == "__main__":
    main()
