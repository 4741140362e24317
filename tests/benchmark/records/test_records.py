"""Records on disk: what is read is what was written, and nothing else is read."""

import dataclasses
import gc
import hashlib
import json
import math
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dg_keras import benchmark
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.records.record import (
    Conflicts,
    Divergence,
    Record,
    Result,
    Seconds,
    Similarity,
)
from dg_keras.benchmark.records.records import Records
from tests import any_file
from tests.benchmark.trees import places, replaced, trees

(CONFIG,) = benchmark.read("configs/smoke.yaml").configs
RUN = Run(CONFIG, CONFIG.methods[1], "photo", 1)
SEED = CONFIG.run_seed("photo", 1)
RECORD = Record(
    method="Agr-Sum",
    target="photo",
    trial=1,
    seed=SEED,
    config=CONFIG.of_run(RUN.method, RUN.target),
    split="images",
    weights="file",
    skipped_images=0,
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
    return Records(tmp_path / "runs", "images", "file")


def on_disk(records):
    (path,) = records.folder.iterdir()
    return path


def test_what_is_read_is_what_was_written(records):
    assert records.read(RUN) is None
    records.write(RUN, RECORD)
    assert records.read(RUN) == RECORD
    assert records.read(RUN).seconds.total == 6
    assert json.loads(on_disk(records).read_text())["schema_version"] == 3


def test_a_number_that_is_not_finite_is_read_again_of_a_file_that_is_json(records):
    history = {"loss": [math.nan, math.inf, -math.inf]}
    diverged = Divergence(step=3, domain="cartoon", loss=math.nan)
    values = {"history": history, "diverged": diverged, "result": None, "selected_step": None}
    records.write(RUN, RECORD.model_copy(update=values))
    again = records.read(RUN)
    assert again.history["loss"][1:].tolist() == [math.inf, -math.inf]
    assert math.isnan(again.history["loss"][0])
    assert math.isnan(again.diverged.loss)

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    json.loads(on_disk(records).read_text(), parse_constant=refuse)


def test_many_are_read_by_their_keys(records):
    other = dataclasses.replace(RUN, trial=2)
    records.write(RUN, RECORD)
    assert records.read_all([RUN, other]) == {RUN.key: RECORD, other.key: None}
    assert gc.isenabled()


def test_a_curve_takes_eight_bytes_a_number(records):
    records.write(RUN, RECORD.model_copy(update={"history": {"loss": [0.5] * 1000}}))
    assert sys.getsizeof(records.read(RUN).history["loss"]) < 8 * 1000 + 100


def test_a_record_takes_what_another_has():
    assert Record(**dict(RECORD)) == RECORD


def test_what_was_recorded_beside_it_may_be_no_number(records):
    """Of gradients that overflow, though the loss does not."""
    values = {
        "similarity": Similarity(steps=[0], within=[math.nan], between=[math.nan]),
        "conflicts": Conflicts(steps=[2], shares={"classifier": [math.nan]}),
    }
    records.write(RUN, RECORD.model_copy(update=values))
    again = records.read(RUN)
    assert math.isnan(again.similarity.within[0])
    assert math.isnan(again.conflicts.shares["classifier"][0])


def test_a_run_has_a_result_or_diverged():
    for values in ({"result": None}, {"diverged": {"step": 1, "domain": None, "loss": None}}):
        with pytest.raises(ValueError, match="or else `diverged`"):
            Record.model_validate({**RECORD.model_dump(), **values})


@pytest.mark.parametrize(
    ("split", "weights", "difference"),
    [
        ("others", "file", "split: 'images', now 'others'"),
        ("images", "other", "weights: 'file', now 'other'"),
    ],
)
def test_a_record_of_other_images_or_weights_is_refused(records, split, weights, difference):
    records.write(RUN, RECORD)
    with pytest.raises(ValueError, match=rf"another configuration \({difference}\)"):
        Records(records.folder, split, weights).read(RUN)


def test_where_images_and_weights_are_not_there_a_record_of_any_will_do(records):
    records.write(RUN, RECORD)
    assert Records(records.folder, None, None).read(RUN) == RECORD


def changed(**values):
    return lambda record: {**record, **values}


def signed(record):
    """With the checksum that whoever knows the form would put in."""
    text = json.dumps(record, indent=1)
    if not isinstance(record, dict):
        return text
    before = text.removesuffix("\n}")
    digest = hashlib.sha256(before.encode()).hexdigest()
    return f'{before},\n "checksum": "{digest}"\n}}\n'


def without(key):
    return lambda record: {name: value for name, value in record.items() if name != key}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without("schema_version"), "schema_version 3. Received: None, so it was made by another"),
        (changed(schema_version=1), "schema_version 3. Received: 1, so it was made by another"),
        (changed(seed="7"), "is damaged .`seed`: Input should be a valid integer"),
        (changed(colour="red"), "is damaged .`colour`: Extra inputs"),
        (without("result"), "is damaged .`result`: Field required"),
        (changed(trial=2), "of Agr-Sum on photo, trial 1, seed .* on photo, trial 2, seed"),
        (changed(seed=SEED + 1), f"seed {SEED}. Received: .* seed {SEED + 1};"),
        (lambda record: [record], "schema_version 3. Received: None"),
        (changed(schema_version="a\nb" * 99), "Received: .{,250}, so it was made by another"),
        (changed(method="a\nb" * 99), "Received: that of .{,150} on photo"),
        (changed(config={"a\nb" * 99: 1}), "another configuration .{,150}: "),
        (changed(**{"a\nb" * 99: 1}), "is damaged .`.{,150}`: Extra inputs"),
    ],
)
def test_what_is_no_record_is_one_sentence_that_names_the_file(records, change, sentence):
    records.write(RUN, RECORD)
    path = on_disk(records)
    path.write_text(signed(change(json.loads(RECORD.model_dump_json()))))
    with pytest.raises(ValueError, match=sentence) as error:
        records.read(RUN)
    assert str(path) in str(error.value)
    assert "give another --results" in str(error.value) or "--results another" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_number_that_was_changed_is_one_sentence(records):
    records.write(RUN, RECORD)
    path = on_disk(records)
    path.write_text(path.read_text().replace("0.30000000000000004", "0.9"))
    with pytest.raises(
        ValueError, match=r"is damaged, or was changed by hand .* remove it"
    ) as error:
        records.read(RUN)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    "content", [b"", b'{"schema_version": 3, "me', b"\xff\xfe\x00", b"[" * 100_000]
)
def test_half_a_file_is_one_sentence(records, content):
    records.write(RUN, RECORD)
    path = on_disk(records)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"is damaged .*remove it") as error:
        records.read(RUN)
    assert str(path) in str(error.value)


FIELDS = json.loads(any_file.WHOLE[any_file.record]())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("any")


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(place=st.sampled_from(sorted(places(FIELDS), key=str)), value=trees)
def test_any_value_in_the_place_of_another(place, value, folder):
    any_file.record(json.dumps(replaced(FIELDS, place, value)).encode(), folder)
