import dataclasses
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from dg_keras.data import Domain, LeaveOneOut, load
from dg_keras.data.feeding.read_image import read_image
from dg_keras.data.tables.known_datasets import KNOWN
from dg_keras.data.tables.manifest import write_manifest
from dg_keras.data.tables.scan_folder import scan_folder
from dg_keras.data.tables.split_table import split_table


def size(dataset):
    return sum(len(labels) for _, labels in dataset)


def test_styleshift(styleshift):
    assert isinstance(styleshift, LeaveOneOut)
    assert styleshift.domains == ("cartoon", "clipart", "photo", "sketch")
    assert styleshift.sources == ("cartoon", "clipart", "photo")
    assert styleshift.target == "sketch"
    assert len(styleshift.classes) == 8
    assert {d: len(styleshift.part(d)) for d in styleshift.domains} == KNOWN["styleshift"].counts
    assert list(styleshift.train) == ["cartoon", "clipart", "photo"]
    assert all(isinstance(domain, Domain) for domain in styleshift.train.values())
    table = styleshift.table
    assert list(table.columns[:4]) == ["path", "domain", "class", "label"]
    for domain, part in styleshift.train.items():
        expected = table[(table["domain"] == domain) & (table["split"] == "train")]
        assert [path.name for path in part.paths] == [p.split("/")[-1] for p in expected["path"]]
        np.testing.assert_array_equal(part.labels, expected["label"])
    sources = table["domain"] != "sketch"
    assert size(styleshift.validation) == (sources & (table["split"] == "validation")).sum()
    assert size(styleshift.test) == (~sources & (table["split"] == "test")).sum()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            ("skecth",),
            "`domain` must be one of 'cartoon', 'clipart', 'photo', 'sketch'. Received: "
            "domain='skecth', which is near to 'sketch'",
        ),
        (
            ("sketch", "val"),
            "`split` must be one of None, 'train', 'validation', 'test'. Received: split='val'",
        ),
    ],
)
def test_a_part_that_is_not_there_is_told(styleshift, asked, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        styleshift.part(*asked)


def test_styleshift_pixels_belong_to_their_labels(styleshift):
    part = styleshift.part("sketch", "test")
    images, labels = part.fetch(range(len(part)))

    for position in (0, len(part) // 2, len(part) - 1):
        path = part.paths[position]
        np.testing.assert_array_equal(images[position], read_image(path, 32))
        assert part.classes[labels[position]] == path.parent.name


def test_validation_and_test_are_ordinary_batched_datasets(styleshift):
    for dataset in (styleshift.validation, styleshift.test):
        assert not isinstance(dataset, Domain)
        assert dataset.element_spec == (
            tf.TensorSpec((None, 32, 32, 3), tf.float32),
            tf.TensorSpec((None,), tf.int32),
        )
        assert dataset.cardinality() == 1


def test_whole_target(styleshift):
    whole = load("styleshift", target="sketch", image_size=32, test="whole", batch_size=100)

    assert size(whole.test) == 407
    assert whole.test.cardinality() == 5
    assert whole.images is load("styleshift", target="photo", image_size=32).images


def test_without_target_all_domains_are_sources(folder):
    data = load(folder)

    assert data.sources == data.domains == ("day", "night")
    assert size(data.test) == (data.table["split"] == "test").sum() == 6


def test_unseen_concepts(styleshift):
    table = styleshift.table
    trained = {
        concept
        for domain, concept, split in zip(
            table["domain"], table["concept"], table["split"], strict=True
        )
        if domain != "sketch" and split == "train"
    }
    concepts = table["concept"][table["domain"] == "sketch"]

    unseen = styleshift.unseen_concepts

    assert unseen.tolist() == [concept not in trained for concept in concepts]
    assert 0 < unseen.sum() < 407


def test_an_image_without_a_concept_shows_what_no_other_does(folder):
    table = load(folder, target="day").table.assign(concept="")
    table.loc[table["domain"] == "day", "concept"] = [
        "pet",
        *[""] * (sum(table["domain"] == "day") - 1),
    ]
    trained = table[(table["domain"] == "night") & (table["split"] == "train")].index[0]
    table.loc[trained, "concept"] = "pet"
    images = dataclasses.replace(load(folder, target="day"), table=table)
    assert images.unseen_concepts.tolist() == [False, *[True] * (len(images.unseen_concepts) - 1)]


def test_unseen_concepts_without_concepts(folder):
    with pytest.raises(ValueError, match="needs a target and a manifest with concepts"):
        _ = load(folder, target="day").unseen_concepts


def test_folder_of_ones_own(folder):
    by_path = load(folder, target="night")
    by_name = load("animals", root=folder, target="night")

    assert by_path.table.equals(by_name.table)
    assert by_name.name == "animals"
    assert by_name.classes == ("cat", "dog")
    assert repr(by_name) == (
        "<LeaveOneOut 'animals': 28 images, 2 classes, sources=('day',), target='night'>"
    )


def test_seed_changes_the_split(folder):
    assert not load(folder, seed=0).table.equals(load(folder, seed=1).table)


def test_manifest_round_trip(folder, tmp_path):
    data = load(folder, seed=5)
    write_manifest(data.table, tmp_path / "split.csv")

    again = load(folder, seed=6, manifest=tmp_path / "split.csv")

    assert again.table.equals(data.table)
    assert (tmp_path / "split.csv").read_text().startswith("path,domain,class,split\nday/cat/0.png")


def test_styleshift_manifest_round_trip(styleshift, tmp_path):
    write_manifest(styleshift.table, tmp_path / "split.csv")

    again = load("styleshift", manifest=tmp_path / "split.csv", image_size=32)

    columns = ["path", "domain", "class", "label", "concept", "sha256", "split"]
    assert again.table[columns].equals(styleshift.table[columns])


def test_manifest_in_the_folder_says_what_belongs(folder):
    rows = [("day/cat/1.png", "a", "NA", "x"), ("night/dog/2.png", "b", "null", "")]
    table = pd.DataFrame(rows, columns=["path", "domain", "class", "concept"])
    write_manifest(table.iloc[::-1], folder / "manifest.csv")

    data = load(folder, image_size=2)

    assert data.table["path"].tolist() == ["day/cat/1.png", "night/dog/2.png"]
    assert data.classes == ("NA", "null")
    assert data.part("b").fetch([0])[0].numpy().max() == 20


def test_images_in_other_formats_are_told(folder):
    for name in ("day/cat/a.tif", "day/cat/b.TIFF", "night/dog/c.nii.gz"):
        (folder / name).touch()
    (folder / "day" / "cat" / "notes.txt").touch()

    with pytest.warns(UserWarning, match="left out beside") as told:
        assert len(load(folder).table) == 28
    assert [str(warning.message) for warning in told] == [
        f"3 images are left out beside the 28 of '{folder}', in formats that are not read "
        f"(.nii.gz, .tif, .tiff), the first is '{folder}/day/cat/a.tif'."
    ]
    assert told[0].filename == __file__


def test_a_manifest_says_itself_what_belongs(folder):
    write_manifest(load(folder).table, folder / "manifest.csv")
    (folder / "day" / "cat" / "a.tif").touch()

    assert len(load(folder).table) == 28


def patients(folder, concepts, **columns):
    """The folder with a manifest in which image k of a cell shows concept k."""
    table = scan_folder(folder)
    number = table["path"].str.extract(r"(\d+)\.png")[0].astype(int)
    table["concept"] = (table["domain"] + "-" + table["class"] + "-").str.cat(number.map(concepts))
    write_manifest(table.assign(**columns), folder / "manifest.csv")


def test_a_concept_in_several_parts_is_told(folder):
    split = ["train", "test", "validation", "train"] * 7
    patients(folder, lambda number: str(number // 4), split=split)

    with pytest.warns(UserWarning, match="in several parts") as told:
        load(folder)
    assert [str(warning.message) for warning in told] == [
        "8 concepts are in several parts of the split, the first is 'day-cat-0' in test and train "
        "and validation: what is tested on may have been trained on. `load` keeps them together "
        "where no manifest has a column `split`."
    ]
    assert told[0].filename == __file__


def test_spaces_around_a_concept_part_nothing(folder):
    patients(folder, lambda number: f"{number // 2}{' ' * (number % 2)}")

    images = load(folder, target="day")

    parts = images.table["split"].groupby(images.table["concept"].str.strip()).nunique()
    assert (len(parts), parts.max()) == (14, 1)
    twins = images.table[images.table["domain"] == "night"].assign(domain="day")
    table = pd.concat([images.table, twins.assign(concept=twins["concept"] + " ", split="test")])
    seen = dataclasses.replace(images, table=table).unseen_concepts[-len(twins) :]
    assert seen.tolist() == [split != "train" for split in twins["split"]]


def test_numbers_of_classes_that_agree_are_no_matter(folder):
    table = load(folder).table
    table.drop(columns="split").to_csv(folder / "manifest.csv", index=False)

    assert load(folder).table.equals(table)


def test_sources_that_validate_nothing_are_told(folder):
    images = load(folder)

    with pytest.warns(UserWarning, match="validation part") as told:
        assert size(images.validation) == 2
    assert [str(warning.message) for warning in told] == [
        f"No image of night is in the validation part of '{folder}': models are chosen without "
        "them. Classes of less than six images have none there."
    ]
    assert told[0].filename == __file__
    assert size(load(folder, target="night").validation) == 2


@pytest.mark.parametrize(("number", "validated"), [(5, 0), (6, 1)])
def test_six_images_or_concepts_of_a_class_have_a_validation_part(number, validated):
    """As `docs/your_data.md` says."""
    rows = [(f"{k}-{i}", "a", "x", str(k)) for k in range(number) for i in range(3)]
    table = pd.DataFrame(rows, columns=["path", "domain", "class", "concept"])
    assert split_table(table).count("validation") == 3 * validated
    images = table.drop_duplicates("concept").drop(columns="concept")
    assert split_table(images).count("validation") == validated


def test_an_empty_part_is_said(folder):
    shutil.rmtree(folder / "day")
    shutil.rmtree(folder / "night" / "dog")

    with pytest.raises(ValueError, match=r"images in its validation part. Received: none in night"):
        _ = load(folder).validation


def test_absent_data_set(tmp_path, monkeypatch):
    monkeypatch.setenv("DG_KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("dg_keras.common.home._CHECKOUT", tmp_path / "wheel")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)  # of dg_keras_data
    with pytest.raises(FileNotFoundError, match=f"{tmp_path}/data/styleshift, or where `root`"):
        load("styleshift")


def test_data_set_in_the_home_folder(tmp_path, monkeypatch, styleshift):
    shutil.copytree(styleshift.images.paths[0].parents[3], tmp_path / "data" / "styleshift")
    monkeypatch.setenv("DG_KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("dg_keras.common.home._CHECKOUT", tmp_path / "wheel")

    data = load("styleshift", image_size=32)

    assert data.images.paths[0].is_relative_to(tmp_path)
    assert data.table.equals(styleshift.table)


def test_known_data_set_that_is_incomplete(folder):
    write_manifest(load(folder).table, folder / "manifest.csv")

    with pytest.raises(ValueError, match=r"'styleshift' must have .*photo 326.* day 20, night 8"):
        load("styleshift", root=folder)


def test_a_class_that_no_source_has_is_told(folder):
    shutil.copytree(folder / "night" / "dog", folder / "night" / "wolf")
    told = "No domain but 'night', .* of 1 of its classes, the first is 'wolf'"
    with pytest.warns(UserWarning, match=told):
        load(folder, target="night")
    load(folder, target="day")
