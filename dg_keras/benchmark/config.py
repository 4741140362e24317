"""What an experiment is: a YAML file, checked before anything runs."""

import dataclasses
import difflib
import hashlib
import importlib
import json
import re
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

import pydantic
import yaml

from dg_keras import objectives, strategies
from dg_keras.benchmark.networks import names

METHODS: dict[str, tuple[str, str]] = {
    "Deep-All": ("empirical_risk", "mean"),
    "Agr-Sum": ("empirical_risk", "agr_sum"),
    "Agr-Rand": ("empirical_risk", "agr_rand"),
    "PCGrad": ("empirical_risk", "pcgrad"),
    "IRM": ("irm", "mean"),
    "MLDG": ("mldg", "mean"),
    "Mixup": ("mixup", "mean"),
    "DRO": ("group_dro", "mean"),
}
"""The comparison's methods: their names in tables, objective and strategy."""


class _Section(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True)


class Method(_Section):
    """A column of the table: an objective and a strategy, each a name or a Keras config.

    `learning_rate` and `weight_decay` replace the optimizer's. With `batches: one_domain` the
    batches of a step come from one source, drawn anew for each step, instead of one from each: the
    control experiment of Mansilla et al. (2021), figure 4.
    """

    name: str
    objective: str | dict[str, Any] = "empirical_risk"
    strategy: str | dict[str, Any] = "mean"
    batches: Literal["each_domain", "one_domain"] = "each_domain"
    learning_rate: float | None = pydantic.Field(default=None, gt=0)
    weight_decay: float | None = pydantic.Field(default=None, ge=0)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _by_name(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if given not in METHODS:
            raise ValueError(_unknown("a method", given, METHODS))
        objective, strategy = METHODS[given]
        return {"name": given, "objective": objective, "strategy": strategy}

    @pydantic.model_validator(mode="after")
    def _exists(self) -> Self:
        try:
            objectives.get(self.objective)
            strategies.get(self.strategy)
        except TypeError as error:  # an argument that the constructor does not know
            raise ValueError(str(error)) from error
        return self


class Data(_Section):
    """The images: a known data set or `<root>/<domain>/<class>/<image>`, and how they are split."""

    name: str = pydantic.Field(min_length=1)
    root: str | None = None
    image_size: int = pydantic.Field(ge=16, le=1024)
    split_seed: int = pydantic.Field(default=0, ge=0)
    test: Literal["part", "whole"] = "part"


class Backbone(_Section):
    """The network; with `train_from`, what comes before that layer's end is frozen and cached."""

    name: str
    weights: str | None = None
    train_from: str | None = None
    arguments: dict[str, Any] = {}

    @pydantic.field_validator("name")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in names():
            raise ValueError(_unknown("a backbone", name, names()))
        return name


class Optimizer(_Section):
    """The optimizer, and what weight decay means.

    `adamw` is Keras' AdamW: a step shrinks a weight by learning_rate * weight_decay of it.
    `adamw_per_step` is that of tensorflow-addons: by weight_decay of it, whatever the learning
    rate. `adam_l2` is that of the authors' code: Adam on gradients to which weight_decay times the
    weight is added, after surgery, for every weight and bias.
    """

    name: Literal["adamw", "adamw_per_step", "adam_l2"]
    learning_rate: float = pydantic.Field(gt=0)
    weight_decay: float = pydantic.Field(ge=0)
    epsilon: float = pydantic.Field(default=1e-7, gt=0)


class Training(_Section):
    """A run: so many steps, validated every so often on the sources, tested at the best."""

    batch_size: int = pydantic.Field(gt=0)
    steps: int = pydantic.Field(gt=0)
    evaluate_every: int = pydantic.Field(gt=0)
    selection: Literal["best", "last"] = "best"
    optimizer: Optimizer
    jit_compile: bool = False

    @pydantic.model_validator(mode="after")
    def _whole_evaluations(self) -> Self:
        if self.steps % self.evaluate_every:
            raise ValueError(
                "`steps` must be a multiple of `evaluate_every`. "
                f"Received: steps={self.steps}, evaluate_every={self.evaluate_every}"
            )
        return self


class AlongTraining(_Section):
    """What is recorded at every evaluation, and before the first step, beside the pooled accuracy.

    `accuracy`: of each source's validation part, and of the held-out domain. `gradients`: how far
    the domains' gradients agree, layer by layer, and the cosine similarity of the gradients of
    single samples within and between domains, from `samples` a domain of each class.
    """

    accuracy: bool = False
    gradients: bool = False
    samples: int = pydantic.Field(default=16, ge=2)


class Grid(_Section):
    """Optimizer settings to choose from, by the accuracy on the sources' validation parts alone."""

    learning_rate: list[float] = pydantic.Field(min_length=1)
    weight_decay: list[float] = pydantic.Field(min_length=1)


class Config(_Section):
    """An experiment: every method on every held-out domain, several times.

    `imports` are modules that register strategies and objectives of your own. With a `grid`, every
    method is trained with every of its settings, and nothing is tested.
    """

    name: str = pydantic.Field(pattern=r"^\w[\w.-]*$")
    imports: list[str] = []
    data: Data
    targets: list[str] | Literal["all"] = "all"
    backbone: Backbone
    training: Training
    along_training: AlongTraining = AlongTraining()
    methods: list[Method] = pydantic.Field(min_length=1)
    grid: Grid | None = None
    baseline: str = "Deep-All"
    trials: int = pydantic.Field(gt=0)
    seed: int = pydantic.Field(default=0, ge=0)

    @pydantic.model_validator(mode="after")
    def _are_named(self) -> Self:
        names = [method.name for method in self.methods]
        if len(set(names)) < len(names):
            raise ValueError(f"`methods` must have different names. Received: {names}")
        if self.baseline not in names:
            raise ValueError(_unknown("`baseline`, one of the methods", self.baseline, names))
        return self

    @property
    def trained_methods(self) -> list[Method]:
        """The methods, each with every setting of the grid if there is one."""
        if self.grid is None:
            return self.methods
        return [
            method.model_copy(
                update={
                    "name": f"{method.name}, rate {rate:g}, decay {decay:g}",
                    "learning_rate": rate,
                    "weight_decay": decay,
                }
            )
            for method in self.methods
            for rate in self.grid.learning_rate
            for decay in self.grid.weight_decay
        ]

    def of_runs(self, method: Method) -> dict[str, Any]:
        """What a run of a method depends on, beside its target and trial."""
        shared = self.model_dump(include={"data", "backbone", "training", "along_training", "seed"})
        # Where the images lie does not change them.
        del shared["data"]["root"]
        return {**shared, "method": method.model_dump(), "tested": self.grid is None}

    def run_seed(self, target: str, trial: int) -> int:
        """A run's seed; the same for all methods, so that their results are pairs."""
        key = json.dumps([self.data.name, target, trial, self.seed])
        return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) % 2**31


@dataclasses.dataclass(frozen=True)
class Plan:
    """What one command runs: an experiment, or several that are reported together."""

    name: str
    configs: tuple[Config, ...]


def read(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Plan:
    """Reads and checks a config.

    Args:
        path: A YAML file of an experiment, or of several: `name`, and `experiments`, a list of
            other such files beside it.
        overrides: "key=value" each, the key dotted ("training.steps=10"), the value YAML; for
            every experiment.

    Raises:
        ValueError: With a sentence for each key that is unknown, missing or wrong.
        FileNotFoundError: If there is no such file.
    """
    path = Path(path)
    content = _content(path)
    if "experiments" not in content:
        config = _config(path, content, overrides)
        return Plan(config.name, (config,))
    try:
        several = _Several.model_validate(content)
    except pydantic.ValidationError as error:
        raise ValueError("\n".join(f"{path}: {_sentence(e)}" for e in error.errors())) from error
    parts = [path.parent / name for name in several.experiments]
    configs = tuple(_config(part, _content(part), overrides) for part in parts)
    names = [config.name for config in configs]
    if len(set(names)) < len(names):
        raise ValueError(f"{path}: `experiments` must have different names. Received: {names}")
    return Plan(several.name, configs)


class _Several(_Section):
    name: str = pydantic.Field(pattern=r"^\w[\w.-]*$")
    experiments: list[str] = pydantic.Field(min_length=1)


def _config(path: Path, content: dict[str, Any], overrides: Sequence[str]) -> Config:
    for override in overrides:
        _override(content, override)
    import_modules(content.get("imports", []))
    try:
        return Config.model_validate(content)
    except pydantic.ValidationError as error:
        raise ValueError("\n".join(f"{path}: {_sentence(e)}" for e in error.errors())) from error


def _content(path: Path) -> dict[str, Any]:
    """What a YAML file holds."""
    if not path.is_file():
        near = [str(p) for p in sorted(path.parent.glob("*.yaml"))]
        raise FileNotFoundError(
            f"The config {path} does not exist. Beside it: {', '.join(near) or 'no config'}"
        )
    try:
        content = yaml.load(path.read_text(), _Loader)
    except yaml.YAMLError as error:
        raise ValueError(f"The config {path} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"The config {path} must hold keys and values. Received: {content!r}")
    return content


def _override(content: dict[str, Any], override: str) -> None:
    key, separator, value = override.partition("=")
    if not separator:
        raise ValueError(
            f"--set must be key=value, such as training.steps=10. Received: {override}"
        )
    *sections, last = key.split(".")
    for name in sections:
        content = content.setdefault(name, {})
        if not isinstance(content, dict):
            raise ValueError(f"--set: `{name}` in {key!r} is a value, not a section")
    try:
        content[last] = yaml.load(value, _Loader)
    except yaml.YAMLError as error:
        raise ValueError(
            f"--set: the value of {key} is not valid YAML. Received: {value}"
        ) from error


class _Loader(yaml.SafeLoader):
    """YAML as people write it: 1e-3 is a number, as in YAML 1.2."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def import_modules(modules: list[str]) -> None:
    """Imports what registers strategies and objectives of the user's own."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            raise ValueError(f"`imports`: {error}. Received: {module!r}") from error


def _sentence(error: Any) -> str:
    """One sentence for one of pydantic's errors."""
    key = ".".join(str(part) for part in error["loc"] if not _is_type_name(part)) or "the config"
    if error["type"] == "extra_forbidden":
        return f"`{key}` is " + _unknown("a key", str(error["loc"][-1]), _fields(error["loc"][:-1]))
    if error["type"] == "missing":
        return f"`{key}` is missing"
    if error["type"] == "value_error":
        return f"`{key}`: {error['ctx']['error']}"
    message = error["msg"][0].lower() + error["msg"][1:]
    return f"`{key}`: {message}. Received: {error['input']!r}"


def _is_type_name(part: str | int) -> bool:
    """Whether pydantic put the name of a union's member into an error's place."""
    return isinstance(part, str) and ("[" in part or part in {"str", "Literal"})


def _fields(place: tuple[str | int, ...]) -> list[str]:
    """The keys that a section of the config has."""
    model: Any = Config
    for part in place:
        if isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            # A list's or an optional section's own is within.
            models = [annotation, *typing.get_args(annotation)]
            model = next(m for m in models if isinstance(m, type) and issubclass(m, _Section))
    return list(model.model_fields)


def _unknown(what: str, name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.4) or list(known)
    return f"not {what}: {name!r}. Nearest: {', '.join(near)}"
