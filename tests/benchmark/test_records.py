"""Records on disk: what is read is what was written, and nothing else is read."""

import json
import math

import pytest

from dg_keras import benchmark
from dg_keras.benchmark.record import Conflicts, Record, Result, Seconds, Similarity
from dg_keras.benchmark.records import Records
from dg_keras.benchmark.run import Run

(CONFIG,) = benchmark.read("configs/smoke.yaml").configs
RUN = Run(CONFIG, CONFIG.methods[1], "photo", 1)
RECORD = Record(
    method="Agr-Sum",
    target="photo",
    trial=1,
    seed=7,
    config=CONFIG.of_run(RUN.method, RUN.target),
    split="images",
    result=Result(validation_accuracy=1 / 3, accuracy=0.1 + 0.2),
    selected_step=2,
    history_steps=[2, 4],
    history={"loss": [math.inf, 1e-300]},
    similarity=Similarity(steps=[0], within=[0.5], between=[0.25]),
    conflicts=Conflicts(steps=[2], shares={"classifier": [0.7]}),
    seconds=Seconds(prepare=1.0, train=2.0, test=3.0),
    versions={"keras": "3"},
)


@pytest.fixture
def records(tmp_path):
    return Records(tmp_path / "runs", "images")


def on_disk(records):
    (path,) = records.folder.iterdir()
    return path


def test_what_is_read_is_what_was_written(records):
    assert records.read(RUN) is None
    records.write(RUN, RECORD)
    assert records.read(RUN) == RECORD
    assert records.read(RUN).seconds.total == 6
    assert json.loads(on_disk(records).read_text())["schema_version"] == 1


def test_a_loss_that_is_no_number_is_read_again(records):
    records.write(RUN, RECORD.model_copy(update={"history": {"loss": [math.nan]}}))
    assert math.isnan(records.read(RUN).history["loss"][0])


def test_without_the_images_a_record_of_any_split_will_do(records):
    records.write(RUN, RECORD)
    assert Records(records.folder, None).read(RUN) == RECORD
    with pytest.raises(
        ValueError, match=r"another configuration \(split: 'images', now 'others'\)"
    ):
        Records(records.folder, "others").read(RUN)


def changed(**values):
    return lambda record: {**record, **values}


def without(key):
    return lambda record: {name: value for name, value in record.items() if name != key}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without("schema_version"), "schema_version 1. Received: None, so it was made by another"),
        (changed(schema_version=2), "schema_version 1. Received: 2, so it was made by another"),
        (changed(seed="7"), "is damaged .`seed`: Input should be a valid integer"),
        (changed(colour="red"), "is damaged .`colour`: Extra inputs"),
        (without("result"), "is damaged .`result`: Field required"),
        (changed(trial=2), "is the record of another run"),
        (lambda record: [record], "schema_version 1. Received: None"),
    ],
)
def test_what_is_no_record_is_one_sentence_that_names_the_file(records, change, sentence):
    records.write(RUN, RECORD)
    path = on_disk(records)
    path.write_text(json.dumps(change(json.loads(RECORD.model_dump_json()))))
    with pytest.raises(ValueError, match=sentence) as error:
        records.read(RUN)
    assert str(path) in str(error.value)
    assert "remove it, or give another --results" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b'{"schema_version": 1, "me', b"\xff\xfe\x00"])
def test_half_a_file_is_one_sentence(records, content):
    records.write(RUN, RECORD)
    path = on_disk(records)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"is damaged .*remove it") as error:
        records.read(RUN)
    assert str(path) in str(error.value)
