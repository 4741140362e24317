"""The report of an experiment, tried before there is anything to report."""

import io
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import rich.console

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.records.record import Record
from dg_keras.benchmark.report import figures, tables
from dg_keras.benchmark.report.grid_means import grid_means
from dg_keras.benchmark.report.made_up_records import made_up_records
from dg_keras.benchmark.report.part_of import part_of
from dg_keras.benchmark.report.summary import Summary
from dg_keras.benchmark.report.write_joint_report import write_joint_report
from dg_keras.benchmark.report.write_report import write_report
from dg_keras.common.one_line import one_line
from dg_keras.common.shortened import shortened

# Of each that long figures have: a figure takes seconds where it has a panel for all of them.
_METHODS = 3
_TARGETS = 2
_SETTINGS = 2  # of each that is searched

_Named = TypeVar("_Named")


def rehearse_report(
    name: str, experiments: Sequence[tuple[Config, Sequence[str], Sequence[str]]]
) -> None:
    """Writes the report of made-up records to a folder that is removed again.

    Of every experiment all tables are made, with every name that is in them; its figures, its page
    and all files are made of the baseline and the methods and domains with the longest names.

    Args:
        name: What all of them together are called.
        experiments: Each with the domains to hold out, and all domains.

    Raises:
        ValueError: If the report can't be written.

    Warns:
        UserWarning: If figures would show a name's characters as boxes.
    """
    parts = []
    for config, targets, domains in experiments:
        _check_printable(config, domains)
        _warn_of_boxes(config, domains)
        try:
            _make_tables(config, list(made_up_records(config, targets, domains)))
            few, few_targets = _few(config), _longest(targets, _TARGETS, str)
            parts.append(part_of(few, list(made_up_records(few, few_targets, domains))))
            with tempfile.TemporaryDirectory() as folder:
                if len(experiments) == 1:
                    write_report(Path(folder) / "report", parts[0])
        except Exception as error:  # whatever would stop it after the work
            raise ValueError(_told(config.name, error)) from error
    if len(experiments) > 1:
        try:
            with tempfile.TemporaryDirectory() as folder:
                write_joint_report(Path(folder) / "report", name, parts)
        except Exception as error:
            raise ValueError(_told(name, error)) from error


def _told(name: str, error: Exception) -> str:
    return (
        f"The report of {shortened(name)} must be one that can be written, which was tried on "
        f"made-up records. Received: {type(error).__name__}: {one_line(str(error))}"
    )


def _make_tables(config: Config, records: Sequence[Record]) -> None:
    """All tables in all forms, and the figure that is none without all methods."""
    if config.grid is not None:
        means = grid_means(config, records)
        made = list(tables.search_tables(config, means))
        tables.markdown(config.name, [], made)
        _show(tables.terminal_grid(config, means, len(records)))
        return
    summary = Summary.of(config, records)
    made = tables.tables_of(config, summary)
    notes = tables.notes(summary)
    tables.markdown(config.name, notes, made)
    tables.latex(config.name, notes, made[0])
    _show(tables.terminal(config, summary))
    pairs = figures.pair_gains(config, summary)  # which needs all of them
    if pairs is not None:
        figures.png(pairs)


def _show(table: rich.console.RenderableType) -> None:
    rich.console.Console(file=io.StringIO()).print(table)


def _few(config: Config) -> Config:
    """The config with few methods and settings: the baseline, and those with the longest names."""
    others = [method for method in config.methods if method.name != config.baseline]
    kept = {m.name for m in _longest(others, _METHODS - 1, lambda method: method.name)}
    methods = [m for m in config.methods if m.name == config.baseline or m.name in kept]
    grid = config.grid
    if grid is not None:
        few = {name: values[:_SETTINGS] for name, values in grid.searched.items()}
        grid = grid.model_copy(update=few)
    return config.model_copy(update={"methods": methods, "grid": grid})


def _longest(things: Sequence[_Named], number: int, name_of: Callable[[_Named], str]) -> list:
    """Those with the longest names, in their order."""
    by_length = sorted(range(len(things)), key=lambda place: -len(name_of(things[place])))
    return [things[place] for place in sorted(by_length[:number])]


def _check_printable(config: Config, domains: Sequence[str]) -> None:
    for domain in domains:
        if not domain.isprintable():
            raise ValueError(
                f"`data`: domains of {config.data.name} must have names of printable text, since "
                f"tables and figures show them. Received: {shortened(domain)}"
            )


def _warn_of_boxes(config: Config, domains: Sequence[str]) -> None:
    names = [("methods", method.name) for method in config.methods]
    names += [("data", domain) for domain in domains]
    for key, name in names:
        missing = figures.missing_glyphs(name)
        if missing:
            warnings.warn(
                f"`{key}`: the figures' font has no {', '.join(map(repr, missing))}, which are in "
                f"{shortened(name)}: figures show boxes in their place, tables and page the name",
                stacklevel=2,
            )
