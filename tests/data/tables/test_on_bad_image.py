"""What becomes of images that can't be decoded."""

import shutil

import numpy as np
import pytest

import dg_keras
from dg_keras import benchmark
from dg_keras.benchmark.training.load_images import load_images
from dg_keras.data import KNOWN, interleave, load, pooled
from tests.bad_inputs.configs import VALID
from tests.data.conftest import write_lists
from tests.nets import IMAGE_SIZE, alexnet_like, compiled


@pytest.fixture
def broken(folder):
    """An image of `folder` that is cut off."""
    path = folder / "day" / "dog" / "3.png"
    path.write_bytes(path.read_bytes()[:50])
    return path


@pytest.fixture
def all_broken(broken, folder):
    """Every dog of the day, so that every part of the split has one that is cut off."""
    content = broken.read_bytes()
    for path in (folder / "day" / "dog").iterdir():
        path.write_bytes(content)


def test_fit_tells_it_before_the_first_step(all_broken, folder):
    model = compiled(dg_keras.DomainGeneralizer(alexnet_like(), strategy="agr_sum"))
    images = load(folder, image_size=IMAGE_SIZE)

    with pytest.raises(ValueError, match=r"^`path` must be a readable .* damaged or cut off\)$"):
        model.fit(images.train, batch_size=1, steps_per_epoch=1, verbose=0)

    assert int(model.step) == 0


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_a_dataset_tells_it_when_it_is_made(part, all_broken, folder):
    make = {
        "train": lambda images: interleave(images.train, 2),
        "validation": lambda images: images.validation,
        "test": lambda images: images.test,
    }
    with pytest.raises(ValueError, match=r"^`path` must be a readable .* damaged or cut off\)$"):
        make[part](load(folder, image_size=8))


def test_evaluation_tells_it_before_the_first_batch(broken, folder):
    with pytest.raises(ValueError) as caught:  # noqa: PT011, the whole sentence is below
        pooled([load(folder, image_size=8).part("day")], 2)
    assert str(caught.value) == (
        "`path` must be a readable JPEG, PNG, BMP, GIF, WEBP image; `python -m dg_keras.data "
        f"doctor` lists all that are not. Received: path='{broken}' (its 50 bytes are damaged or "
        "cut off)"
    )


def test_skip_leaves_it_out_and_lists_it(broken, folder, caplog):
    whole = load(folder, image_size=8).table

    images = load(folder, image_size=8, on_bad_image="skip")

    assert images.skipped == {"day": ("day/dog/3.png",)}
    expected = whole[whole["path"] != "day/dog/3.png"].reset_index(drop=True)
    assert images.table.equals(expected)  # labels and splits included
    assert [path.name for path in images.images.paths] == [
        path.split("/")[-1] for path in expected["path"]
    ]
    assert images.images.read(np.arange(27)).shape == (27, 8, 8, 3)
    assert caplog.messages == [
        f"1 of 28 images can't be read and are left out, the first is {broken}: its 50 bytes are "
        "damaged or cut off."
    ]


def test_nothing_is_skipped_where_all_can_be_read(folder, caplog):
    images = load(folder, image_size=8, on_bad_image="skip")

    assert images.skipped == load(folder, image_size=8).skipped == {}
    assert len(images.table) == 28
    assert caplog.messages == []


def test_an_image_that_was_mended_is_back(broken, folder):
    assert len(load(folder, on_bad_image="skip").table) == 27
    shutil.copy(folder / "day/dog/4.png", broken)
    assert len(load(folder, on_bad_image="skip").table) == 28


@pytest.mark.parametrize("split", ["seed", "official"])
def test_skipping_does_not_redraw_a_known_split(split, pacs):
    write_lists(pacs, KNOWN["pacs"])
    before = load("pacs", root=pacs, split=split).table.set_index("path")["split"]
    for k in range(4):
        (pacs / f"kfold/photo/dog/pic_00{k}.png").write_bytes(b"")

    images = load("pacs", root=pacs, split=split, on_bad_image="skip")

    after = images.table.set_index("path")["split"]
    assert len(images.skipped["photo"]) == 4
    assert after.to_dict() == before.drop(list(images.skipped["photo"])).to_dict()


def test_a_config_says_it_and_no_record_depends_on_it(broken, folder, tmp_path):
    path = tmp_path / "skip.yaml"
    data = f"{{name: animals, root: {folder}, image_size: 32, on_bad_image: skip}}"
    path.write_text(VALID.replace("{name: styleshift, image_size: 32}", data))
    (config,) = benchmark.read(path).configs

    images = load_images(config, None)

    assert images.skipped == {"day": ("day/dog/3.png",)}
    assert "on_bad_image" not in config.of_run(config.methods[0], "day")["data"]
