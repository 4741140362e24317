import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dg_keras.backbones import EfficientNetLite0, _weights, alexnet
from tests.backbones.helpers import logits

CHECKOUT = Path(__file__).parents[2]

# Photos of StyleShift and their class of ImageNet, the number that its labels have everywhere.
KNOWN = {
    "produce/broccoli-tuxpaint.jpg": 937,
    "mammal/camel-tuxpaint-1.jpg": 354,
    "flower/daisy-tuxpaint.jpg": 985,
    "sea/goldfish-gcompris.jpg": 1,
    "mammal/panda-gcompris.jpg": 388,
    "produce/strawberry-tuxpaint.jpg": 949,
    "vehicle/tricycle-tuxpaint.jpg": 870,
    "mammal/zebra-tuxpaint.jpg": 340,
}


def test_every_file_is_the_one_the_readme_tells_of():
    readme = (CHECKOUT / "weights" / "README.md").read_text()
    told = dict(re.findall(r"^\| `([^`]+\.h5)` \| `([0-9a-f]{64})`", readme, re.MULTILINE))
    # Who converts AlexNet's may keep them there, but they do not ship.
    files = {*(CHECKOUT / "weights").glob("*.h5")} - {CHECKOUT / "weights" / alexnet.CONVERTED}
    assert told == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_the_shipped_efficientnet_recognises_photos():
    photos = CHECKOUT / "data" / "styleshift" / "images" / "photo"
    batch = np.stack(
        [
            np.asarray(Image.open(photos / name).convert("RGB").resize((224, 224), Image.BICUBIC))
            for name in KNOWN
        ]
    )
    scores = logits(EfficientNetLite0(classes=1000, weights="imagenet"), batch)
    assert scores.argmax(axis=1).tolist() == list(KNOWN.values())
    # Decoders of JPEG differ by a grey level or two, which moves a logit by a few hundredths.
    assert scores[1, 354] == pytest.approx(11.8135, abs=0.1)


def test_files_are_looked_for_in_the_checkout_then_at_home(tmp_path, monkeypatch):
    checkout, home = tmp_path / "checkout", tmp_path / "home"
    monkeypatch.setattr("dg_keras.common.home._CHECKOUT", checkout)
    monkeypatch.setenv("DG_KERAS_HOME", str(home))
    assert _weights.find("first", "second") is None
    for path in (home / "second", home / "first", checkout / "second", checkout / "first"):
        path = path.parent / "weights" / path.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        assert _weights.find("first", "second") == path


def test_a_missing_file_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("dg_keras.common.home._CHECKOUT", tmp_path / "checkout")
    monkeypatch.setenv("DG_KERAS_HOME", str(tmp_path / "home"))
    with pytest.raises(FileNotFoundError) as raised:
        EfficientNetLite0(classes=8, weights="imagenet")
    message = str(raised.value)
    assert message.startswith("efficientnet_lite0.weights.h5 is needed")
    assert str(tmp_path / "checkout" / "weights") in message
    assert str(tmp_path / "home" / "weights") in message
    assert "python -m weights.convert_efficientnet_lite0" in message
