"""A report as one page, with everything inside."""

from collections.abc import Sequence

import jinja2

from dg_keras.benchmark.report.page.section import Section
from dg_keras.benchmark.report.report_part import ReportPart
from dg_keras.benchmark.report.search_part import SearchPart


def page(title: str, parts: Sequence[ReportPart | SearchPart]) -> str:
    """A page in HTML of one experiment or several: no script, nothing to load.

    Args:
        title: Plain text.
        parts: The experiments, at least one.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("dg_keras.benchmark.report.page", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = [Section.of(part) for part in parts]
    return environment.get_template("page.html.j2").render(title=title, sections=sections)
