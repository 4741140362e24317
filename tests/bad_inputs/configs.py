"""Configs whose keys and values can't be."""

from dg_keras import benchmark
from tests.bad_inputs.bad_input import BadInput

VALID = """\
name: valid
data: {name: styleshift, image_size: 32}
backbone: {name: alexnet}
training:
  batch_size: 2
  steps: 2
  evaluate_every: 1
  optimizer: {name: adamw, learning_rate: 1.0e-3, weight_decay: 0.0}
methods: [Deep-All]
trials: 1
"""

LONG = "x" * 300


def config(wrong: str, content: str | bytes, says: str) -> BadInput:
    """A config of this content; `{path}` in the sentence stands for its file."""

    def give(folder):
        path = folder / "wrong.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        benchmark.read(path)

    return BadInput(wrong, give, says.replace("{path}", "{folder}/wrong.yaml"))


def changed(wrong: str, old: str, new: str, says: str) -> BadInput:
    """A valid config in which `new` stands for `old`."""
    assert VALID.count(old) == 1, old
    return config(wrong, VALID.replace(old, new), says)


def more(wrong: str, lines: str, says: str) -> BadInput:
    """A valid config with more lines."""
    return config(wrong, f"{VALID}{lines}\n", says)


def backbone(wrong: str, content: str, says: str) -> BadInput:
    """A config of a network with these arguments."""
    new = f"backbone: {{name: alexnet, arguments: {content}}}"
    return changed(wrong, "backbone: {name: alexnet}", new, says)


KEYS = [
    changed(
        "a key that is no key",
        "trials: 1",
        "trials: 1\ntrails: 1",
        "{path}: `trails` is not a key. Nearest: trials, training, targets",
    ),
    changed(
        "a key of a section that is no key",
        "  steps: 2",
        "  steps: 2\n  step: 2",
        "{path}: `training.step` is not a key. Nearest: steps",
    ),
    more(
        "a key of a grid that is no key",
        "grid: {learning_rate: [1], rate: 1}",
        "{path}: `grid.rate` is not a key. Nearest: learning_rate, batch_size",
    ),
    more(
        "a key of the report that is no key",
        "report: {level: 3}",
        "{path}: `report.level` is not a key. Nearest: level_from",
    ),
    more(
        "a key that is too long",
        f"{LONG}: 3",
        "{path}: "
        f"`{'x' * 97}...` "
        "is not a key. Nearest: name, imports, data, targets, backbone, training, "
        "along_training, methods",
    ),
    changed("a key that is missing", "  steps: 2\n", "", "{path}: `training.steps` is missing"),
    changed(
        "a value for a section",
        "backbone: {name: alexnet}",
        "backbone: alexnet",
        "{path}: `backbone`: input should be keys and values. Received: 'alexnet'",
    ),
]

PLACES = [
    changed(
        "a name of two dots",
        "name: valid",
        "name: ..",
        "{path}: `name`: must be letters, digits, `_`, `.` and `-`, the first of them "
        "none of the last two, and at most 200 bytes, since a folder is called so. "
        "Received: '..'",
    ),
    changed(
        "a name that is that of another folder",
        "name: valid",
        "name: features",
        "{path}: `name`: must be another, since what is frozen is kept in a folder called so. "
        "Received: features",
    ),
    changed(
        "a name that is a path",
        "name: valid",
        "name: a/b",
        "{path}: `name`: must be letters, digits, `_`, `.` and `-`, the first of them "
        "none of the last two, and at most 200 bytes, since a folder is called so. "
        "Received: 'a/b'",
    ),
    changed(
        "a name that is a date",
        "name: valid",
        "name: 2020",
        "{path}: `name`: input should be a valid string. Received: 2020",
    ),
    changed(
        "a name that is too long",
        "name: valid",
        f"name: {LONG}",
        "{path}: `name`: must be letters, digits, `_`, `.` and `-`, the first of them "
        "none of the last two, and at most 200 bytes, since a folder is called so. "
        "Received: 'xxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxx'",
    ),
    config(
        "a name without room for what is chosen",
        VALID.replace("name: valid", f"name: {'x' * 195}") + "grid: {learning_rate: [1]}",
        "{path}: `name` must leave room for '_chosen', which the chosen config has "
        "behind it, in 200 bytes. Received: 195 bytes",
    ),
    changed(
        "a domain that is no list",
        "trials: 1",
        "trials: 1\ntargets: sketch",
        "{path}: `targets`: must be 'all' or a list of domains, such as [photo, sketch]. "
        "Received: 'sketch'",
    ),
    changed(
        "domains that are numbers",
        "trials: 1",
        "trials: 1\ntargets: [1]",
        "{path}: `targets`: must be 'all' or a list of domains, such as [photo, sketch]. "
        "Received: [1]",
    ),
    changed(
        "no domains",
        "trials: 1",
        "trials: 1\ntargets: []",
        "{path}: `targets`: must be 'all' or a list of domains, such as [photo, sketch]. "
        "Received: []",
    ),
    changed(
        "a part that is none",
        "image_size: 32",
        "image_size: 32, test: test",
        "{path}: `data.test`: input should be 'part' or 'whole'. Received: 'test'",
    ),
    changed(
        "an optimizer that is none",
        "name: adamw",
        "name: sgd",
        "{path}: `training.optimizer.name`: input should be 'adamw', 'adamw_per_step' or "
        "'adam_l2'. Received: 'sgd'",
    ),
    more(
        "what is recorded that is none",
        "along_training: {sample: 3}",
        "{path}: `along_training.sample` is not a key. Nearest: samples",
    ),
    changed(
        "a selection that is none",
        "steps: 2",
        "steps: 2\n  selection: first",
        "{path}: `training.selection`: input should be 'best', 'last' or 'average'. "
        "Received: 'first'",
    ),
]

BACKBONES = [
    changed(
        "a network that is none",
        "name: alexnet",
        "name: alexnett",
        "{path}: `backbone.name`: must be a backbone. Received: 'alexnett'; nearest: "
        "alexnet, MobileNet, MobileNetV2",
    ),
    backbone(
        "arguments that are a list",
        "[1]",
        "{path}: `backbone.arguments`: input should be keys and values. Received: [1]",
    ),
    backbone(
        "the number of classes",
        "{classes: 3}",
        "{path}: `backbone`: `arguments` must be without `classes`, which are those of "
        "the data. Received: classes=3",
    ),
    backbone(
        "the images' size twice",
        "{image_size: 224}",
        "{path}: `backbone`: `arguments` must be without `image_size`, which is told by "
        "`data.image_size`. Received: image_size=224",
    ),
    backbone(
        "the weights twice",
        "{weights: imagenet}",
        "{path}: `backbone`: `arguments` must be without `weights`, which is told by "
        "`backbone.weights`. Received: weights='imagenet'",
    ),
    backbone(
        "an argument that the network has not",
        "{drop: 0.1}",
        "{path}: `backbone`: `arguments`: `alexnet` takes dropout, name. Received: 'drop'",
    ),
    backbone(
        "an argument that is no number",
        "{dropout: much}",
        "{path}: `backbone`: `arguments.dropout`: input should be a valid number. Received: 'much'",
    ),
    backbone(
        "an argument without end",
        "{dropout: .inf}",
        "{path}: `backbone.arguments`: must hold finite numbers. Received: inf",
    ),
    changed(
        "an argument that is no bool",
        "backbone: {name: alexnet}",
        "backbone: {name: ResNet50, arguments: {freeze_batch_norm: 3}}",
        "{path}: `backbone`: `arguments.freeze_batch_norm`: input should be a valid "
        "boolean. Received: 3",
    ),
]

ROWS = [*KEYS, *PLACES, *BACKBONES]
