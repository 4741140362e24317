"""What may have happened to a results folder since it was written."""

import json

from dg_keras.benchmark.config.read import read
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.records.records import Records, sealed
from tests.bad_inputs.bad_input import BadInput
from tests.benchmark.made_records import record

(_CONFIG,) = read("configs/smoke.yaml").configs
_RUN = Run(_CONFIG, _CONFIG.methods[1], "photo", 1)
_SEED = _CONFIG.run_seed("photo", 1)
_FILE = "{folder}/agr-sum--photo--trial1.json"
_REMEDY = "remove it, or give another --results"


def _made(**values):
    config = _CONFIG.of_run(_RUN.method, _RUN.target)
    told = {"seed": _SEED, "config": config, "split": "images", "weights": "file", **values}
    return record("Agr-Sum", "photo", 1, 0.5, **told)


def _written(change=lambda fields: fields, made=None):
    """Reads a record that was written, and then changed by someone who knows the form."""

    def give(folder):
        records = Records(folder, "images", "file")
        records.write(_RUN, made or _made())
        (path,) = folder.glob("*.json")
        fields = json.loads(path.read_text(encoding="utf-8"))
        del fields["checksum"]
        fields = change(fields)
        path.write_bytes(sealed(json.dumps(fields)))
        records.read(_RUN)

    return give


def _content(content):
    """Reads a file of this content in a record's place."""

    def give(folder):
        (folder / "agr-sum--photo--trial1.json").write_bytes(content)
        Records(folder, "images", "file").read(_RUN)

    return give


def _replaced(text, by):
    """Reads a record that was changed in an editor."""

    def give(folder):
        Records(folder, "images", "file").write(_RUN, _made())
        (path,) = folder.glob("*.json")
        path.write_text(path.read_text(encoding="utf-8").replace(text, by), encoding="utf-8")
        Records(folder, "images", "file").read(_RUN)

    return give


def _version(received):
    return (
        f"{_FILE} must be a record of schema_version 3. Received: {received}, so it was made by "
        f"another version of dg_keras; {_REMEDY}"
    )


def _another_configuration(difference):
    return (
        f"{_FILE} was made with another configuration ({difference}). Give this one another "
        "`name`, or --results another folder"
    )


_BY_HAND = (
    f"{_FILE} is damaged, or was changed by hand (its `checksum` is not that of its content); "
    f"{_REMEDY}"
)

ROWS = [
    BadInput(
        "a record that is empty",
        _content(b""),
        f"{_FILE} is damaged (EOF while parsing a value at line 1 column 0); {_REMEDY}",
    ),
    BadInput("a record of an older version", _content(b'{"method": "IRM"}'), _version("None")),
    BadInput(
        "a record of a newer version",
        _written(lambda fields: {**fields, "schema_version": 4}),
        _version("4"),
    ),
    BadInput("a list in a record's place", _content(b"[1, 2]"), _version("None")),
    BadInput("a result that was improved by hand", _replaced("0.5", "0.9"), _BY_HAND),
    BadInput("a record with more at its end", _replaced('"\n}\n', '"\n}\n\n'), _BY_HAND),
    BadInput("a record laid out anew", _replaced("\n ", "\n  "), _BY_HAND),
    BadInput("a record without its checksum", _replaced('"checksum"', '"sum"'), _BY_HAND),
    BadInput(
        "a record of other images",
        _written(made=_made(split="others")),
        _another_configuration("split: 'others', now 'images'"),
    ),
    BadInput(
        "a record of other weights",
        _written(made=_made(weights=None)),
        _another_configuration("weights: None, now 'file'"),
    ),
    BadInput(
        "a record of another setting",
        _written(lambda fields: {**fields, "config": {**fields["config"], "seed": 7}}),
        _another_configuration("seed: 7, now 0"),
    ),
    BadInput(
        "a record under another run's name",
        _written(lambda fields: {**fields, "target": "sketch"}),
        f"{_FILE} must be the record of Agr-Sum on photo, trial 1, seed {_SEED}. Received: that of "
        f"Agr-Sum on sketch, trial 1, seed {_SEED}; {_REMEDY}",
    ),
    BadInput(
        "a record with neither a result nor where it diverged",
        _written(lambda fields: {**fields, "result": None, "selected_step": None}),
        f"{_FILE} is damaged (must have `result` and `selected_step`, or else "
        f"`diverged`); {_REMEDY}",
    ),
    BadInput(
        "a record with a number that is text",
        _written(lambda fields: {**fields, "trial": "one"}),
        f"{_FILE} is damaged (`trial`: Input should be a valid integer); {_REMEDY}",
    ),
]
