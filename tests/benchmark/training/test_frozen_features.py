"""What a frozen front makes of the images is computed once, and never taken for another's."""

import concurrent.futures
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from dg_keras import benchmark
from dg_keras.benchmark.training.build_trained import build_trained
from dg_keras.benchmark.training.frozen_features import KeptFeatures, frozen_features
from dg_keras.benchmark.training.known_files import ChangedError, KnownFiles
from dg_keras.benchmark.training.load_images import load_images
from tests.benchmark.few_images import few_images
from tests.benchmark.small_net import SMALL
from tests.common.test_sole_user import used_elsewhere

pytestmark = pytest.mark.usefixtures("small_net")


def features(folder, root, *overrides):
    settings = [*SMALL, f"data.root={root}", "data.name=few", *overrides]
    (config,) = benchmark.read("configs/smoke.yaml", settings).configs
    images = load_images(config, None)
    front, _ = build_trained(config, len(images.classes), seed=config.seed)
    files = KnownFiles.of(images.images.paths)
    kept = None if folder is None else KeptFeatures(folder)
    return frozen_features(config, images, files, front, kept)


@pytest.fixture
def root(tmp_path):
    return Path(shutil.copytree(few_images(), tmp_path / "images"))


def test_what_is_read_is_what_was_computed(tmp_path, root):
    computed = features(None, root)
    written = features(tmp_path / "kept", root)
    (path,) = (tmp_path / "kept").glob("*.npz")
    before = path.stat().st_mtime_ns
    read = features(tmp_path / "kept", root)
    np.testing.assert_array_equal(written, computed)
    np.testing.assert_array_equal(read, computed)
    assert path.stat().st_mtime_ns == before
    assert np.std(computed) > 0


def test_other_images_of_the_same_names_are_not_taken_for_them(tmp_path, root):
    before = features(tmp_path / "kept", root)
    image = next((root / "images" / "photo").rglob("*.jpg"))
    with Image.open(image) as picture:
        turned = picture.convert("RGB").rotate(180)
    turned.save(image)
    after = features(tmp_path / "kept", root)
    changed = (before != after).any(axis=tuple(range(1, before.ndim)))
    assert changed.sum() == 1


@pytest.mark.parametrize(
    "other", ["data.image_size=40", "backbone.train_from=block0_output", "seed=1"]
)
def test_other_weights_or_another_front_or_size_has_a_file_of_its_own(tmp_path, root, other):
    one = features(tmp_path / "kept", root)
    two = features(tmp_path / "kept", root, other)
    assert len(list((tmp_path / "kept").glob("*.npz"))) == 2
    assert one.shape != two.shape or (one != two).any()


def test_what_other_source_made_is_not_taken(tmp_path, root, monkeypatch):
    features(tmp_path / "kept", root)
    monkeypatch.setattr(f"{frozen_features.__module__}.source_digest", lambda package: "another")
    features(tmp_path / "kept", root)
    assert len(list((tmp_path / "kept").glob("*.npz"))) == 2


def test_a_damaged_file_is_told_and_computed_anew(tmp_path, root, caplog):
    computed = features(tmp_path / "kept", root)
    (path,) = (tmp_path / "kept").glob("*.npz")
    content = bytearray(path.read_bytes())
    content[-len(content) // 3] ^= 1
    path.write_bytes(content)
    again = features(tmp_path / "kept", root)
    np.testing.assert_array_equal(again, computed)
    assert f"{path} is damaged" in caplog.text
    caplog.clear()
    np.testing.assert_array_equal(features(tmp_path / "kept", root), computed)
    assert not caplog.text


def test_who_fills_the_folder_is_waited_for(tmp_path):
    kept = KeptFeatures(tmp_path)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        with used_elsewhere(tmp_path, "features"):
            waiting = pool.submit(kept.get, "of these", lambda: np.ones(2))
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.5)
        np.testing.assert_array_equal(waiting.result(timeout=10), np.ones(2))


def test_what_was_made_of_other_images_than_were_hashed_is_not_kept(tmp_path, root, monkeypatch):
    image = next((root / "images" / "photo").rglob("*.jpg"))
    predict = keras.Model.predict

    def changes_one(model, *arguments, **more):
        image.write_bytes(next((root / "images" / "sketch").rglob("*.jpg")).read_bytes())
        return predict(model, *arguments, **more)

    monkeypatch.setattr(keras.Model, "predict", changes_one)
    with pytest.raises(ChangedError, match=rf"'{image}', which was changed meanwhile"):
        features(tmp_path / "kept", root)
    assert not list((tmp_path / "kept").glob("*.npz"))
