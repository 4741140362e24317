"""The report as one page, with everything inside."""

import base64
import html
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from dg_keras.benchmark.config import Config

_TITLES = {
    "accuracy": "Accuracy by method: quartiles, median, mean (triangle), minimum and maximum",
    "similarity": "Similarity of single samples' gradients, within domains and between them",
    "conflict": "Where the domains' gradients conflict",
    "training": "Accuracy along training",
}
_TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{{ name }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; white-space: nowrap; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #8886; }
img { max-width: 100%; background: white; }
</style></head><body>
{% for name, facts, findings, tables, pictures in parts %}<h1>{{ name }}</h1>
<h2>What was run</h2><ul>{% for line in facts %}<li>{{ line }}</li>{% endfor %}</ul>
<h2>What it shows, and what not</h2>
<ul>{% for line in findings %}<li>{{ line }}</li>{% endfor %}</ul>
{% for heading, table in tables.items() %}<h2>{{ heading }}</h2>
<div class="wide">{{ table | safe }}</div>{% endfor %}
{% for title, picture in pictures.items() %}<h2>{{ title }}</h2>
<img alt="{{ title }}" src="data:image/png;base64,{{ picture }}">{% endfor %}{% endfor %}
</body></html>
"""


Part = tuple[Path, Config, list[tuple[Any, dict[str, Any]]], dict[str, pd.DataFrame]]
"""An experiment: where its figures are, its config, its runs with their records, its tables."""


def write_page(path: Path, name: str, parts: list[Part]) -> None:
    """Writes a page of one experiment or several: no script, nothing to load.

    Args:
        path: The file to write.
        name: The page's title.
        parts: The experiments; of each, the table of accuracy comes first.
    """
    template = jinja2.Environment(autoescape=True).from_string(_TEMPLATE)
    path.write_text(template.render(name=name, parts=[_rendered(*part) for part in parts]))


def _rendered(
    folder: Path,
    config: Config,
    records: list[tuple[Any, dict[str, Any]]],
    tables: dict[str, pd.DataFrame],
) -> tuple[str, list[str], list[str], dict[str, str], dict[str, str]]:
    """What the template shows of an experiment."""
    pictures = {
        title: base64.b64encode((folder / f"{name}.png").read_bytes()).decode()
        for name, title in _TITLES.items()
        if (folder / f"{name}.png").exists()
    }
    shown = {
        # The cells hold what sets the best in bold; names are the user's own.
        heading: table.rename(index=html.escape, columns=html.escape).to_html(
            border=0, escape=False
        )
        for heading, table in tables.items()
    }
    return config.name, _facts(config, records), _findings(config, tables), shown, pictures


def _facts(config: Config, records: list[tuple[Any, dict[str, Any]]]) -> list[str]:
    training, backbone = config.training, config.backbone
    seconds = sum(sum(record["seconds"].values()) for _, record in records)
    versions = {str(sorted(record["versions"].items())) for _, record in records}
    first = records[0][1]["versions"]
    pairs = ", ".join(f"{m.name} ({m.objective} + {m.strategy})" for m in config.methods)
    trained = f", trained from {backbone.train_from} on" if backbone.train_from else ""
    return [
        f"{len(records)} runs of {config.data.name} at {config.data.image_size} pixels, in "
        f"{seconds / 60:.0f} minutes of training and testing.",
        f"Methods, each an objective and a strategy: {pairs}.",
        f"Network: {backbone.name}, weights {backbone.weights}{trained}.",
        f"{training.steps} steps of {training.batch_size} images a domain, validated on the "
        f"sources every {training.evaluate_every} steps, tested at the {training.selection}.",
        f"Optimizer: {training.optimizer.name}, learning rate {training.optimizer.learning_rate:g},"
        f" weight decay {training.optimizer.weight_decay:g}, unless a method says otherwise.",
        ", ".join(f"{name} {version}" for name, version in first.items())
        + (f"; {len(versions)} different sets of versions took part" if len(versions) > 1 else ""),
    ]


def _findings(config: Config, tables: dict[str, pd.DataFrame]) -> list[str]:
    cells = next(iter(tables.values())).astype(str).to_numpy().ravel().tolist()
    after, raw = sum("†" in c for c in cells), sum("*" in c or "†" in c for c in cells)
    tested = sum(bool(c) for c in cells) - len(next(iter(tables.values())))
    return [
        f"Of {tested} comparisons with {config.baseline}, the averages' included, {raw} have "
        f"p < 0.05 each by itself (* or †), {after} after Holm's correction over a row (†).",
        "The best mean of a row is in bold; it need not differ from others by more than chance.",
        "These are results of one data set, one network and one setting of the optimizer, the same "
        "for all methods; they need not hold for others.",
    ]
