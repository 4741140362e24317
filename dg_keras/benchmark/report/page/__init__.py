"""A report as one page in HTML: what was found, in numbers and pictures, and how it was run."""

from dg_keras.benchmark.report.page.page import page

__all__ = ["page"]
