"""What a config can't name: modules, other configs, itself."""

import sys
from pathlib import Path

import pytest

from dg_keras import benchmark
from tests.bad_inputs.bad_input import BadInput
from tests.bad_inputs.configs import LONG, VALID, more


def plan(wrong: str, content: str, says: str, error: type[Exception] = ValueError) -> BadInput:
    """A plan of this content, beside a valid experiment."""

    def give(folder):
        (folder / "valid.yaml").write_text(VALID, encoding="utf-8")
        path = folder / "plan.yaml"
        path.write_text(content, encoding="utf-8")
        benchmark.read(path)

    return BadInput(wrong, give, says.replace("{path}", "{folder}/plan.yaml"), error)


def imported(wrong: str, module: str, says: str, rest: str = "") -> BadInput:
    """A config that imports a module of this content."""

    def give(folder):
        (folder / "own_module.py").write_text(module, encoding="utf-8")
        path = folder / "wrong.yaml"
        path.write_text(f"{VALID}imports: [own_module]\n{rest}", encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(folder)
            patch.delitem(sys.modules, "own_module", raising=False)
            benchmark.read(path)

    return BadInput(wrong, give, says.replace("{path}", "{folder}/wrong.yaml"))


def missing_file(folder: Path) -> None:
    """A name that is nearly that of a config."""
    (folder / "smoke.yaml").write_text(VALID, encoding="utf-8")
    benchmark.read(folder / "smok.yaml")


def folder_of_configs(folder: Path) -> None:
    """A folder where a file should be."""
    (folder / "smoke.yaml").write_text(VALID, encoding="utf-8")
    benchmark.read(folder)


def _values(number: int) -> list[float]:
    return [i / number for i in range(1, number + 1)]


IMPORTS = [
    more(
        "imports that are no list",
        "imports: my_module",
        "{path}: `imports`: input should be a valid list. Received: 'my_module'",
    ),
    more(
        "imports that are numbers",
        "imports: [1]",
        "{path}: `imports.0`: input should be a valid string. Received: 1",
    ),
    more(
        "an import that is a path",
        "imports: [own/module.py]",
        "{path}: `imports.0`: must be a module's name, such as my_package.my_module. "
        "Received: 'own/module.py'",
    ),
    more(
        "an import of a part of a package",
        "imports: [.module]",
        "{path}: `imports.0`: must be a module's name, such as my_package.my_module. "
        "Received: '.module'",
    ),
    more(
        "an import that is not there",
        "imports: [no_such_module]",
        "{path}: `imports` must be modules that can be imported. Received: "
        "'no_such_module', and with it ModuleNotFoundError: No module named "
        "'no_such_module'",
    ),
    imported(
        "an import that raises",
        "1 / 0",
        "{path}: `imports` must be modules that can be imported. Received: 'own_module', "
        "and with it ZeroDivisionError: division by zero",
    ),
    imported(
        "an import that is no Python",
        "def",
        "{path}: `imports` must be modules that can be imported. Received: 'own_module', "
        "and with it SyntaxError: invalid syntax (own_module.py, line 1)",
    ),
    imported(
        "an import that ends the process",
        "raise SystemExit(3)",
        "{path}: `imports` must be modules that can be imported. Received: 'own_module', "
        "and with it SystemExit: 3",
    ),
    imported(
        "an import beside what is wrong",
        "raise MemoryError",
        "{path}: `trails` is not a key. Nearest: trials, training, targets",
        rest="trails: 1\n",
    ),
    imported(
        "an import beside more runs than anyone means",
        "raise MemoryError",
        "{path}: An experiment must be at most 100,000 runs. Received: 101,000, which are 1 "
        "`trials` x 101000 settings of the `grid` x 1 `targets` x 1 `methods`",
        rest=f"grid: {{learning_rate: {_values(1000)}, weight_decay: {_values(101)}}}\n",
    ),
]

PLANS = [
    plan(
        "a plan of nothing",
        "name: a\nexperiments: []",
        "{path}: `experiments`: list should have at least 1 item after validation, not "
        "0. Received: []",
    ),
    plan(
        "a plan of what is not there",
        "name: a\nexperiments: [b.yaml]",
        "The config {folder}/b.yaml does not exist. Beside it: plan.yaml, valid.yaml",
        FileNotFoundError,
    ),
    plan(
        "a plan with a key that is no key",
        "name: a\nexperiments: [b.yaml]\ntrials: 3",
        "{path}: `trials` is not a key. Nearest: name, experiments",
    ),
    plan("a plan without a name", "experiments: [valid.yaml]", "{path}: `name` is missing"),
    plan(
        "a plan of one experiment twice",
        "name: a\nexperiments: [valid.yaml, valid.yaml]",
        "{path}: `experiments` must have different names, and none that of their plan. "
        "Received: ['valid', 'valid'] in 'a'",
    ),
    plan(
        "a plan called like its experiment",
        "name: valid\nexperiments: [valid.yaml]",
        "{path}: `experiments` must have different names, and none that of their plan. "
        "Received: ['valid'] in 'valid'",
    ),
    plan(
        "a plan of itself",
        "name: a\nexperiments: [plan.yaml]",
        "{path}: `experiments` must be experiments. Received: {path}, which is of several",
    ),
    plan(
        "a plan of a name that is too long",
        f"name: a\nexperiments: [{LONG}]",
        "The config must be a file that can be read. Received: "
        "'xxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxx' in {folder}, and "
        "File name too long",
    ),
    plan(
        "a plan of a NUL",
        'name: a\nexperiments: ["\\0"]',
        "The config {folder}/\\x00 does not exist. Beside it: plan.yaml, valid.yaml",
        FileNotFoundError,
    ),
]

FILES = [
    BadInput(
        "a config that is not there",
        missing_file,
        "The config {folder}/smok.yaml does not exist. Beside it: smoke.yaml",
        FileNotFoundError,
    ),
    BadInput(
        "a config that is a folder",
        folder_of_configs,
        "The config {folder} is a folder. In it: smoke.yaml",
        FileNotFoundError,
    ),
    BadInput(
        "a config that is a device",
        lambda folder: benchmark.read("/dev/null"),
        "The config /dev/null must be a file. Received: a device, a pipe or the like",
        FileNotFoundError,
    ),
]

ROWS = [*IMPORTS, *PLANS, *FILES]
