import hashlib
import importlib.util
import shutil
import subprocess
import sys
import urllib.error
from pathlib import Path

import keras
import numpy as np
import pytest
from keras.src.utils import file_utils

from dg_keras.backbones import AlexNet, alexnet
from tests.backbones.helpers import images, logits
from tests.backbones.torch_format import write_state_dict
from weights import convert_alexnet

# Layers with weights by torchvision's names, with the stride and padding of the convolutions.
CONVOLUTIONS = {
    "features.0": (4, 2),
    "features.3": (1, 2),
    "features.6": (1, 1),
    "features.8": (1, 1),
    "features.10": (1, 1),
}
DENSE = ("classifier.1", "classifier.4", "classifier.6")
POOLED = {"features.0", "features.3", "features.10"}
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def state_dict(filters, units, classes, seed=0):
    """Random weights in torch's axes, of a size that keeps the signal's."""
    rng = np.random.default_rng(seed)
    kernels = zip(filters, [3, *filters], (11, 5, 3, 3, 3), strict=False)
    shapes = [(out, channels, size, size) for out, channels, size in kernels]
    shapes += [(units, 36 * filters[-1]), (units, units), (classes, units)]
    arrays = {}
    for name, shape in zip([*CONVOLUTIONS, *DENSE], shapes, strict=True):
        deviation = np.sqrt(2 / np.prod(shape[1:]))
        arrays[f"{name}.weight"] = rng.normal(0, deviation, shape).astype("float32")
        arrays[f"{name}.bias"] = rng.normal(0, 0.1, shape[0]).astype("float32")
    return arrays


def forward(arrays, image):
    """AlexNet as torchvision computes it, on an image in 0..255, in float64."""
    x = ((image / 255 - MEAN) / DEVIATION).transpose(2, 0, 1)
    for name, (stride, padding) in CONVOLUTIONS.items():
        kernel = arrays[f"{name}.weight"].astype("float64")
        x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
        patches = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(1, 2))
        x = np.einsum("chwij,ocij->ohw", patches[:, ::stride, ::stride], kernel, optimize=True)
        x = np.maximum(x + arrays[f"{name}.bias"][:, None, None], 0)
        if name in POOLED:
            patches = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))
            x = patches[:, ::2, ::2].max(axis=(3, 4))
    x = x.ravel()
    for name in DENSE:
        x = arrays[f"{name}.weight"] @ x + arrays[f"{name}.bias"]
        if name != DENSE[-1]:
            x = np.maximum(x, 0)
    return x


def use_as_published(monkeypatch, path):
    """Makes the file the one whose sha256 is asked for."""
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(alexnet, "_SHA256", sha256)


@pytest.fixture
def narrow(monkeypatch):
    """Makes AlexNet narrow, no two convolutions alike, and gives weights for it."""
    filters = (4, 5, 6, 7, 3)
    convolutions = [
        (name, count, *rest)
        for count, (name, _, *rest) in zip(filters, alexnet._CONVOLUTIONS, strict=True)
    ]
    monkeypatch.setattr(alexnet, "_CONVOLUTIONS", convolutions)
    monkeypatch.setattr(alexnet, "_UNITS", 8)
    return state_dict(filters, units=8, classes=10)


@pytest.fixture
def published(narrow, tmp_path, monkeypatch, torch):
    """The checkpoint of the narrow weights, which takes the place of torchvision's."""
    path = tmp_path / "source" / alexnet.CHECKPOINT
    path.parent.mkdir()
    write_state_dict(path, narrow, torch)
    use_as_published(monkeypatch, path)
    return path


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """The only place where weights are found: an empty folder, and no network to fill it."""
    monkeypatch.setattr("dg_keras.common.home._CHECKOUT", tmp_path / "checkout")
    monkeypatch.setenv("DG_KERAS_HOME", str(tmp_path / "home"))

    def no_network(url, *args):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(file_utils, "urlretrieve", no_network)
    return tmp_path / "home" / "weights"


@pytest.mark.parametrize("image_size", [224, 227])
def test_converted_weights_give_what_torchvisions_axes_give(published, narrow, image_size):
    net = AlexNet(classes=10, image_size=image_size, weights=published)
    batch = images(2, image_size)
    expected = [forward(narrow, image) for image in batch.astype("float64")]
    np.testing.assert_allclose(logits(net, batch), expected, rtol=1e-3, atol=1e-4)


def test_other_classes_get_a_new_classifier(published, narrow):
    net = AlexNet(classes=3, weights=published)
    assert net.output_shape == (None, 3)
    np.testing.assert_array_equal(net.get_layer("fc7").kernel, narrow["classifier.4.weight"].T)


def test_the_command_writes_a_file_that_imagenet_finds(published, home, monkeypatch, capsys):
    home.mkdir(parents=True)
    output = home / alexnet.CONVERTED
    monkeypatch.setattr(sys, "argv", ["convert", str(published), "--output", str(output)])
    monkeypatch.setattr(
        convert_alexnet, "AlexNet", lambda classes, weights: AlexNet(10, weights=weights)
    )
    convert_alexnet.main()
    assert str(output) in capsys.readouterr().out
    batch = images(1, 224)
    expected = logits(AlexNet(classes=10, weights=published), batch)
    found = AlexNet(classes=10, weights="imagenet")
    np.testing.assert_array_equal(logits(found, batch), expected)


@pytest.mark.parametrize("content", [b"something else", None])
def test_only_the_published_file_is_converted(published, content, monkeypatch, capsys):
    published.write_bytes(content or published.read_bytes()[:-100])
    monkeypatch.setattr(sys, "argv", ["convert", str(published)])
    with pytest.raises(SystemExit):
        convert_alexnet.main()
    message = capsys.readouterr().err.splitlines()[-1]
    assert f"must be whole and have sha256 {alexnet._SHA256}. Received: '{published}'" in message


def test_imagenet_downloads_the_checkpoint_once(published, home, monkeypatch, narrow):
    asked = []

    def network(url, target, progress):
        asked.append(url)
        shutil.copy(published, target)

    monkeypatch.setattr(file_utils, "urlretrieve", network)
    for _ in range(2):
        net = AlexNet(classes=10, weights="imagenet")
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(net.get_layer("classifier").bias),
            narrow["classifier.6.bias"],
        )
    assert asked == ["https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"]
    assert [path.name for path in home.iterdir()] == [alexnet.CHECKPOINT]


def test_a_damaged_download_is_not_kept(published, home, monkeypatch):
    def network(url, target, progress):
        shutil.copy(published, target)
        with open(target, "ab") as file:
            file.write(b"more")

    monkeypatch.setattr(file_utils, "urlretrieve", network)
    with pytest.raises(ValueError, match="corrupted file"):
        AlexNet(classes=10, weights="imagenet")
    assert list(home.iterdir()) == []


def test_without_a_network_one_sentence_says_which_file_to_put_where(home, tmp_path):
    with pytest.raises(ConnectionError) as raised:
        AlexNet(classes=10, weights="imagenet")
    message = str(raised.value)
    assert message.startswith("The ImageNet weights of AlexNet could not be downloaded (URL fetch")
    assert message.endswith(
        f"put alexnet-owt-7be5be79.pth, or alexnet.weights.h5 made of it, into "
        f"{tmp_path / 'checkout' / 'weights'} or {home}."
    )


# In a process of its own, since torch and TensorFlow can crash each other.
TORCHVISION = """
import numpy as np, torch, torchvision
net = torchvision.models.alexnet().eval()
arrays = np.load("arrays.npz")
net.load_state_dict({name: torch.from_numpy(arrays[name]) for name in arrays})
torch.save(net.state_dict(), "net.pth")
with np.load("images.npz") as images, torch.no_grad():
    np.savez("logits.npz", **{size: net(torch.from_numpy(images[size])) for size in images})
"""


@pytest.mark.skipif(importlib.util.find_spec("torchvision") is None, reason="needs torchvision")
def test_gives_the_logits_of_torchvision(tmp_path, monkeypatch):
    batches = {str(size): images(2, size) for size in (160, 224, 227)}
    standardized = {
        size: ((batch / 255 - MEAN) / DEVIATION).transpose(0, 3, 1, 2).astype("float32")
        for size, batch in batches.items()
    }
    np.savez(tmp_path / "images.npz", **standardized)
    np.savez(tmp_path / "arrays.npz", **state_dict([64, 192, 384, 256, 256], 4096, 1000))
    subprocess.run([sys.executable, "-c", TORCHVISION], cwd=tmp_path, check=True)
    use_as_published(monkeypatch, tmp_path / "net.pth")
    expected = np.load(tmp_path / "logits.npz")
    for size, batch in batches.items():
        net = AlexNet(classes=1000, image_size=int(size), weights=tmp_path / "net.pth")
        np.testing.assert_allclose(logits(net, batch), expected[size], rtol=1e-4, atol=1e-4)


def test_nothing_is_downloaded_into_a_home_that_nobody_has(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(alexnet, "home", lambda: Path("~/.dg_keras"))
    with pytest.raises(FileNotFoundError, match="DG_KERAS_HOME must be the folder to download"):
        AlexNet(classes=10, weights="imagenet")
    assert not list(tmp_path.iterdir())
