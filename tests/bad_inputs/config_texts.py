"""Texts that are no config, in a file or behind `--set`."""

from itertools import pairwise

from dg_keras import benchmark
from tests.bad_inputs.bad_input import BadInput
from tests.bad_inputs.configs import VALID, changed, config, more

BOMB = "\n".join(
    ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    + [f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]" for old, new in pairwise("abcdefghi")]
)


def set_to(wrong: str, override: str, says: str) -> BadInput:
    """A valid config with this `--set`."""

    def give(folder):
        path = folder / "wrong.yaml"
        path.write_text(VALID, encoding="utf-8")
        benchmark.read(path, [override])

    return BadInput(wrong, give, says.replace("{path}", "{folder}/wrong.yaml"))


TEXTS = [
    config(
        "a config that is a list",
        "- 1",
        "The config {path} must hold keys and values. Received: [1]",
    ),
    config(
        "a config that is empty", "", "The config {path} must hold keys and values. Received: None"
    ),
    config(
        "brackets that are not closed",
        "a: [",
        "The config {path} must be YAML. Received: line 1, column 5: expected the node "
        "content, but found '<stream end>'",
    ),
    config(
        "a tab in the indentation",
        "training:\n\tsteps: 2",
        "The config {path} must be YAML. Received: line 2, column 1: found character "
        "'\\t' that cannot start any token",
    ),
    config(
        "a NUL byte",
        "name: a\0",
        "The config {path} must be printable text. Received: the character U+0000 in line 1",
    ),
    config(
        "no UTF-8",
        b"name: a\ntrials: \xff",
        "The config {path} must be UTF-8. Received: the byte 0xff in line 2",
    ),
    config(
        "a binary file",
        b"\x89PNG\r\n\x1a\n\0\0",
        "The config {path} must be UTF-8. Received: the byte 0x89 in line 1",
    ),
    config(
        "a file that is too large",
        f"name: {'x' * 2**18}",
        "The config {path} must be at most 262,144 characters. Received: 262,150",
    ),
    more(
        "a key that is given twice",
        "trials: 2",
        "The config {path} must give each key once. Received: 'trials' in line 10 and "
        "again in line 11",
    ),
    more(
        "a key that is given twice inside of a list",
        "report: {level_from: 1, level_from: 2}",
        "The config {path} must give each key once. Received: 'level_from' in line 11 "
        "and again in line 11",
    ),
    config(
        "aliases that explode",
        BOMB,
        "The config {path} must hold at most 10,000 values, and what aliases repeat "
        "counts again. Received: more, from line 4 on",
    ),
    config(
        "an alias of what it stands in",
        "a: &a [*a]",
        "The config {path} must have an anchor, and all that it stands for, before each "
        "of its aliases. Received: the alias 'a' in line 1, and no such anchor before it",
    ),
    config(
        "an alias of nothing",
        "a: *b",
        "The config {path} must have an anchor, and all that it stands for, before each "
        "of its aliases. Received: the alias 'b' in line 1, and no such anchor before it",
    ),
    config(
        "brackets without end",
        "a: " + "[" * 10_000,
        "The config {path} must be nested at most 32 deep. Received: more in line 1",
    ),
    config(
        "braces without end",
        "{a: " * 10_000,
        "The config {path} must be nested at most 32 deep. Received: more in line 1",
    ),
    config(
        "dashes without end",
        "- " * 10_000,
        "The config {path} must be nested at most 32 deep. Received: more in line 1",
    ),
    more(
        "several documents",
        "---\nname: other",
        "The config {path} must be one document. Received: another in line 11",
    ),
    more(
        "a tag",
        "seed: !!python/name:os.system",
        "The config {path} must be without tags. Received: '!!python/name:os.system' in line 11",
    ),
    more(
        "a list for a key",
        "? [a, b]\n: 1",
        "The config {path} must have text for keys, in quotes if need be. Received: a "
        "list in line 11",
    ),
    more(
        "a number for a key",
        "1: 1",
        "The config {path} must have text for keys, in quotes if need be. Received: the "
        "key 1 in line 11",
    ),
    more(
        "a number of thousands of digits",
        f"seed: {'9' * 5000}",
        "The config {path} must have numbers of at most 100 digits. Received: one of "
        "5,000 characters in line 11",
    ),
    changed(
        "minutes and seconds for a number",
        "trials: 1",
        "trials: 1:00",
        "{path}: `trials`: input should be a valid integer. Received: '1:00'",
    ),
    changed(
        "a word of YAML 1.1 for a bool",
        "steps: 2",
        "steps: 2\n  jit_compile: yes",
        "{path}: `training.jit_compile`: input should be a valid boolean. Received: 'yes'",
    ),
]

SETTINGS = [
    set_to(
        "a value without a key",
        "=3",
        "--set must be key=value, such as training.steps=10. Received: '=3'",
    ),
    set_to(
        "a key without a value",
        "trials",
        "--set must be key=value, such as training.steps=10. Received: 'trials'",
    ),
    set_to(
        "a key with nothing between dots",
        "a..b=1",
        "--set must be key=value, such as training.steps=10. Received: 'a..b=1'",
    ),
    set_to(
        "a key that ends with a dot",
        "training.=1",
        "--set must be key=value, such as training.steps=10. Received: 'training.=1'",
    ),
    set_to(
        "a value in place of a section",
        "training=3",
        "{path}: `training`: input should be keys and values. Received: 3",
    ),
    set_to(
        "a key inside of a value",
        "trials.first=3",
        "--set must name keys of sections. Received: 'trials.first', where 'trials' is the value 1",
    ),
    set_to(
        "an item of a list",
        "methods.0=Agr-Sum",
        "--set must name keys of sections. Received: 'methods.0', where 'methods' is the "
        "value ['Deep-All']",
    ),
    set_to(
        "a value that is no YAML",
        "trials=[",
        "--set: the value of 'trials' must be YAML. Received: line 1, column 2: expected "
        "the node content, but found '<stream end>'",
    ),
    set_to(
        "a value that explodes",
        f"trials={{{BOMB}}}".replace("\n", ", "),
        "--set: the value of 'trials' must hold at most 10,000 values, and what aliases "
        "repeat counts again. Received: more, from line 1 on",
    ),
    set_to(
        "a value of several documents",
        "trials=1\n---\n2",
        "--set: the value of 'trials' must be one document. Received: another in line 2",
    ),
    set_to(
        "a value that gives a key twice",
        "report={level_from: 1, level_from: 2}",
        "--set: the value of 'report' must give each key once. Received: 'level_from' in "
        "line 1 and again in line 1",
    ),
    set_to(
        "no value", "trials=", "{path}: `trials`: input should be a valid integer. Received: None"
    ),
    set_to(
        "a key that is set and is no key",
        "trails=3",
        "{path}: `trails` is not a key. Nearest: trials, training, targets",
    ),
]

ROWS = [*TEXTS, *SETTINGS]
