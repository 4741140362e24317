"""A table for a paper."""

import re
from collections.abc import Sequence

from dg_keras.benchmark.report.tables.table import Cell, Table

_SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    "±": r"$\pm$",
    "†": r"$\dagger$",
}

_SHOWN = 20  # characters
# Latin letters and the usual punctuation, which its fonts have.
_BEYOND_PDFLATEX = re.compile("[^\0-\u017f\u0218-\u021b\u2010-\u203a]")


def latex(label: str, caption: Sequence[str], table: Table) -> str:
    """A floating table for LaTeX with its package booktabs.

    Names stand as they are. Where pdfLaTeX has no such letters, a comment says so.

    Args:
        label: What follows "tab:" in the label; letters, digits, `_`, `.` and `-`.
        caption: Sentences, plain text each.
        table: Its heading and notes are left out.
    """
    lines = [_line(list(map(Cell, table.columns)))], [_line(row) for row in table.rows]
    head, body = ("\n".join(part) for part in lines)
    text = "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{_escaped(' '.join(caption))}}}",
            rf"\label{{tab:{label}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}",
            r"\toprule",
            head,
            r"\midrule",
            body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )
    return _needs(text) + text


def _needs(text: str) -> str:
    """A comment that says what a text needs that is not for pdfLaTeX; nothing for others."""
    beyond = sorted(set(_BEYOND_PDFLATEX.findall(text)))
    if not beyond:
        return ""
    shown = ", ".join(beyond[:_SHOWN]) + (", ..." if len(beyond) > _SHOWN else "")
    return f"% pdfLaTeX does not set {shown}: take XeLaTeX or LuaLaTeX, and a font that has them.\n"


def _line(cells: Sequence[Cell]) -> str:
    texts = [_escaped(cell.text) for cell in cells]
    # A bracket or an asterisk would be taken for an argument of the line's end before it.
    texts[0] = "{}" + texts[0] if texts[0][:1] in ("[", "*") else texts[0]
    bold = [
        rf"\textbf{{{text}}}" if cell.bold else text
        for text, cell in zip(texts, cells, strict=True)
    ]
    return " & ".join(bold) + r" \\"


def _escaped(text: str) -> str:
    """The text with what LaTeX would read otherwise, in any font encoding."""
    text = "".join(_SIGNS.get(character, character) for character in re.sub(r"\s+", " ", text))
    return re.sub("-(?=-)", "-{}", text)  # LaTeX makes one dash of two hyphens
