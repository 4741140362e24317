"""Configs that can't be."""

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


def config(wrong: str, content: str, says: str) -> BadInput:
    """A config of this content; `{path}` in the sentence stands for its file."""

    def give(folder):
        path = folder / "wrong.yaml"
        path.write_text(content, encoding="utf-8")
        benchmark.read(path)

    return BadInput(wrong, give, says.replace("{path}", "{folder}/wrong.yaml"))


def changed(wrong: str, old: str, new: str, says: str) -> BadInput:
    """A valid config in which `new` stands for `old`."""
    assert VALID.count(old) == 1, old
    return config(wrong, VALID.replace(old, new), says)


ROWS = [
    changed(
        "steps are no number",
        "steps: 2",
        "steps: many",
        "{path}: `training.steps`: input should be a valid integer. Received: 'many'",
    ),
    changed(
        "a key that is no key",
        "trials: 1",
        "trials: 1\ntrails: 1",
        "{path}: `trails` is not a key: 'trails'. Nearest: trials, training, targets",
    ),
]
