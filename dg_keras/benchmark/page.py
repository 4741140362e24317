"""A report as one page, with everything inside."""

import base64
from collections.abc import Sequence
from typing import Any

import jinja2

from dg_keras.benchmark import tables
from dg_keras.benchmark.config import Config, Method
from dg_keras.benchmark.report_part import ReportPart
from dg_keras.benchmark.summary import LEVEL, Summary

_TITLES = {
    "accuracy": "Accuracy by method: quartiles, median, mean (triangle), minimum and maximum",
    "similarity": "Similarity of single samples' gradients, within domains and between them",
    "conflict": "Where the domains' gradients conflict",
    "training": "Accuracy along training",
}
_TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{{ title }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; white-space: nowrap; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #8886; }
th:first-child { text-align: left; }
img { max-width: 100%; background: white; }
</style></head><body>
{% for part in parts %}<h1>{{ part.name }}</h1>
<h2>What was run</h2>
<ul>{% for line in part.facts %}<li>{{ line }}</li>{% endfor %}</ul>
<h2>What it shows, and what not</h2>
<ul>{% for line in part.findings %}<li>{{ line }}</li>{% endfor %}</ul>
{% for table in part.tables %}<h2>{{ table.heading }}</h2>
<div class="wide"><table>
<thead><tr>{% for name in table.columns %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in table.rows %}
<tr><th scope="row">{{ row[0].text }}</th>{% for cell in row[1:] -%}
<td>{% if cell.bold %}<b>{{ cell.text }}</b>{% else %}{{ cell.text }}{% endif %}</td>
{%- endfor %}</tr>{% endfor %}
</tbody></table></div>
{% endfor %}{% for title, picture in part.pictures %}<h2>{{ title }}</h2>
<img alt="{{ title }}" src="data:image/png;base64,{{ picture }}">
{% endfor %}{% endfor %}</body></html>
"""


def page(title: str, parts: Sequence[ReportPart]) -> str:
    """A page in HTML of one experiment or several: no script, nothing to load.

    Args:
        title: Plain text.
        parts: The experiments.
    """
    template = jinja2.Environment(autoescape=True).from_string(_TEMPLATE)
    return template.render(title=title, parts=[_shown(part) for part in parts])


def _shown(part: ReportPart) -> dict[str, Any]:
    """What the template shows of an experiment, by the names that it has there."""
    pictures = [
        (title, base64.b64encode(part.figures[name]).decode("ascii"))
        for name, title in _TITLES.items()
        if name in part.figures
    ]
    return {
        "name": part.config.name,
        "facts": _facts(part),
        "findings": _findings(part.config, part.summary),
        "tables": part.tables,
        "pictures": pictures,
    }


def _facts(part: ReportPart) -> list[str]:
    config, records = part.config, part.records
    training, backbone, optimizer = config.training, config.backbone, config.training.optimizer
    versions = {tuple(sorted(record.versions.items())) for record in records}
    more = f"; {len(versions)} different sets of versions took part" if len(versions) > 1 else ""
    trained = f", trained from {backbone.train_from} on" if backbone.train_from else ""
    tested = "best of these" if training.selection == "best" else "last of these"
    return [
        f"{len(records)} run{'s' * (len(records) > 1)} of {config.data.name} at "
        f"{config.data.image_size} pixels: "
        f"{_duration(sum(record.seconds.total for record in records))} of training and testing.",
        f"Methods, each an objective and a strategy: {', '.join(map(_pair, config.methods))}.",
        f"Network: {backbone.name}, weights {backbone.weights or 'random'}{trained}.",
        f"{training.steps} steps of {training.batch_size} images per domain, validated on the "
        f"sources every {training.evaluate_every} steps, tested at the {tested}.",
        f"Optimizer: {optimizer.name}, learning rate {optimizer.learning_rate:g}, weight decay "
        f"{optimizer.weight_decay:g}, unless a method says otherwise.",
        ", ".join(f"{name} {version}" for name, version in records[0].versions.items()) + more,
    ]


def _findings(config: Config, summary: Summary) -> list[str]:
    """What the numbers say, and what a reader might take from them although they don't."""
    own = any(m.learning_rate or m.weight_decay is not None or m.targets for m in config.methods)
    shared = "one network" if own else "one network and one setting of the optimizer"
    sentences = [
        "The best mean of a row is in bold; it need not differ from others by more than chance.",
        f"These are results of one data set and {shared}, the same for all methods; they need not "
        "hold for others.",
    ]
    tested = [comparison for comparison in summary.comparisons if comparison.is_possible]
    if tested:
        raw = sum(comparison.is_significant for comparison in tested)
        after = sum(comparison.survives_correction for comparison in tested)
        return [
            f"Of {len(tested)} comparisons with {summary.baseline}, the averages' included, {raw} "
            f"have p < {LEVEL} each by itself (* or †), {after} after Holm's correction over a row "
            "(†).",
            *sentences,
        ]
    return [tables.no_test(summary), *sentences] if summary.comparisons else sentences


def _pair(method: Method) -> str:
    return f"{method.name} ({_named(method.objective)} + {_named(method.strategy)})"


def _named(plug_in: str | dict[str, Any]) -> str:
    """An objective or a strategy as one would call it."""
    if isinstance(plug_in, str):
        return plug_in
    arguments = plug_in.get("config", {}).items()
    return f"{plug_in['class_name']}({', '.join(f'{name}={value}' for name, value in arguments)})"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
