"""Numbers that a config can't hold."""

from tests.bad_inputs.configs import changed, more

RATE = "learning_rate: 1.0e-3"
DECAY = "weight_decay: 0.0"

NUMBERS = [
    changed(
        "steps are no number",
        "steps: 2",
        "steps: many",
        "{path}: `training.steps`: input should be a valid integer. Received: 'many'",
    ),
    changed(
        "no steps",
        "steps: 2",
        "steps: 0",
        "{path}: `training.steps`: input should be greater than 0. Received: 0",
    ),
    changed(
        "steps without end",
        "steps: 2",
        f"steps: {10**30}",
        "{path}: `training.steps`: input should be less than or equal to 100000000. "
        "Received: 1000000000000000000000000000000",
    ),
    changed(
        "steps that are no multiple",
        "evaluate_every: 1",
        "evaluate_every: 3",
        "{path}: `training`: `steps` must be a multiple of `evaluate_every`. Received: "
        "steps=2, evaluate_every=3",
    ),
    changed(
        "a rate without end",
        RATE,
        "learning_rate: .inf",
        "{path}: `training.optimizer.learning_rate`: input should be a finite number. "
        "Received: inf",
    ),
    changed(
        "a rate that is no number",
        RATE,
        "learning_rate: .nan",
        "{path}: `training.optimizer.learning_rate`: input should be a finite number. "
        "Received: nan",
    ),
    changed(
        "a negative rate",
        RATE,
        "learning_rate: -0.1",
        "{path}: `training.optimizer.learning_rate`: must be a number from 1e-12 to "
        "1000. Received: -0.1",
    ),
    changed(
        "a rate of nothing",
        RATE,
        "learning_rate: 0",
        "{path}: `training.optimizer.learning_rate`: must be a number from 1e-12 to "
        "1000. Received: 0.0",
    ),
    changed(
        "a rate that is too large",
        RATE,
        "learning_rate: 1e30",
        "{path}: `training.optimizer.learning_rate`: must be a number from 1e-12 to "
        "1000. Received: 1e+30",
    ),
    changed(
        "a decay without end",
        DECAY,
        "weight_decay: .inf",
        "{path}: `training.optimizer.weight_decay`: input should be a finite number. Received: inf",
    ),
    changed(
        "a decay that is too large",
        DECAY,
        "weight_decay: 1e30",
        "{path}: `training.optimizer.weight_decay`: must be a number from 0 to 1000. "
        "Received: 1e+30",
    ),
    changed(
        "a negative decay",
        DECAY,
        "weight_decay: -1",
        "{path}: `training.optimizer.weight_decay`: must be a number from 0 to 1000. "
        "Received: -1.0",
    ),
    changed(
        "an epsilon without end",
        DECAY,
        f"{DECAY}, epsilon: .inf",
        "{path}: `training.optimizer.epsilon`: input should be a finite number. Received: inf",
    ),
    changed(
        "an epsilon that is too large",
        DECAY,
        f"{DECAY}, epsilon: 1e30",
        "{path}: `training.optimizer.epsilon`: must be a number from 1e-30 to 1. Received: 1e+30",
    ),
    changed(
        "an epsilon of nothing",
        DECAY,
        f"{DECAY}, epsilon: 0",
        "{path}: `training.optimizer.epsilon`: must be a number from 1e-30 to 1. Received: 0.0",
    ),
    changed(
        "images that are too small",
        "image_size: 32",
        "image_size: 8",
        "{path}: `data.image_size`: input should be greater than or equal to 16. Received: 8",
    ),
    changed(
        "a batch that is too large",
        "batch_size: 2",
        "batch_size: 99999999",
        "{path}: `training.batch_size`: input should be less than or equal to 65536. "
        "Received: 99999999",
    ),
    changed(
        "trials without end",
        "trials: 1",
        "trials: 99999999999",
        "{path}: `trials`: input should be less than or equal to 100000. Received: 99999999999",
    ),
    more(
        "a seed that is too large",
        f"seed: {2**31}",
        "{path}: `seed`: input should be less than 2147483648. Received: 2147483648",
    ),
    more(
        "a negative seed",
        "seed: -1",
        "{path}: `seed`: input should be greater than or equal to 0. Received: -1",
    ),
    more(
        "a step of the report that is none",
        "report: {level_from: 0}",
        "{path}: `report.level_from`: input should be greater than 0. Received: 0",
    ),
    more(
        "a report on what is not recorded",
        "report: {level_from: 2}",
        "{path}: `report.level_from` needs `along_training.accuracy: true`, which "
        "records what it averages. Received: level_from=2, along_training.accuracy=False",
    ),
    more(
        "a report from beyond the last step",
        "along_training: {accuracy: true}\nreport: {level_from: 3}",
        "{path}: `report.level_from` must be at most `training.steps`, 2. Received: level_from=3",
    ),
]

_HUNDRED = [number / 100 for number in range(1, 101)]

GRIDS = [
    more(
        "a grid of nothing",
        "grid: {choose: for_all}",
        "{path}: `grid`: must hold one of image_size, train_from, batch_size, "
        "learning_rate, weight_decay. Received: none of them",
    ),
    more(
        "a grid of no values",
        "grid: {learning_rate: []}",
        "{path}: `grid.learning_rate`: list should have at least 1 item after "
        "validation, not 0. Received: []",
    ),
    more(
        "a grid of equal values",
        "grid: {learning_rate: [0.001, 1.0e-3]}",
        "{path}: `grid`: `learning_rate` must hold values that differ in six digits. "
        "Received: 0.001, 0.001",
    ),
    more(
        "a grid that chooses otherwise",
        "grid: {learning_rate: [1], choose: all}",
        "{path}: `grid.choose`: input should be 'per_target' or 'for_all'. Received: 'all'",
    ),
    more(
        "a grid's rate without end",
        "grid: {learning_rate: [0.1, .inf]}",
        "{path}: `grid.learning_rate.1`: input should be a finite number. Received: inf",
    ),
    more(
        "a grid's rate of nothing",
        "grid: {learning_rate: [0]}",
        "{path}: `grid.learning_rate.0`: must be a number from 1e-12 to 1000. Received: 0.0",
    ),
    more(
        "a grid's decay that is too large",
        "grid: {weight_decay: [1e30]}",
        "{path}: `grid.weight_decay.0`: must be a number from 0 to 1000. Received: 1e+30",
    ),
    more(
        "a grid's images too small",
        "grid: {image_size: [8], choose: for_all}",
        "{path}: `grid.image_size.0`: input should be greater than or equal to 16. Received: 8",
    ),
    more(
        "a grid's batch of nothing",
        "grid: {batch_size: [0], choose: for_all}",
        "{path}: `grid.batch_size.0`: input should be greater than 0. Received: 0",
    ),
    more(
        "a grid per target of what all share",
        "grid: {image_size: [32]}",
        "{path}: `grid`: `choose` must be for_all where image_size is searched, which "
        "all domains share. Received: per_target",
    ),
    changed(
        "a grid of what several methods share",
        "[Deep-All]",
        "[Deep-All, Agr-Sum]\ngrid: {batch_size: [4], choose: for_all}",
        "{path}: `methods` must be a single one where batch_size is searched, which all "
        "methods share. Received: ['Deep-All', 'Agr-Sum']",
    ),
    changed(
        "more runs than memory can list",
        "trials: 1",
        f"trials: 100\ngrid: {{learning_rate: {_HUNDRED}, weight_decay: {_HUNDRED}}}",
        "{path}: An experiment must be at most 100,000 runs. Received: 1,000,000, which "
        "are 100 `trials` x 10000 settings of the `grid` x 1 `targets` x 1 `methods`",
    ),
]

ROWS = [*NUMBERS, *GRIDS]
