"""Shows a ```` ```math ```` block of a page as MathML, which browsers draw without a script."""

from typing import Any

from latex2mathml.converter import convert


def on_config(config: Any) -> Any:
    """Called by MkDocs before it reads the pages."""
    fence = {"name": "math", "class": "math", "format": _block}
    config.mdx_configs.setdefault("pymdownx.superfences", {})["custom_fences"] = [fence]
    return config


def _block(source: str, *arguments: Any, **more: Any) -> str:
    return f'<div class="math">{convert(source, display="block")}</div>'
